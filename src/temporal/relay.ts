import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { type Logger } from 'pino';
import { workflowIds, type EngineSettings } from '../../workflows/contract';
import { type Db } from '../ledger/database';
import { purgeIdempotency } from '../ledger/idempotency';
import { takeJobsToSweep, takeNudges, type Nudge } from '../ledger/outbox';
import { noteJobProgress, purgeWebhookQueue } from '../ledger/webhook-wakes';
import { signalJob } from './start-job';
import { wakeWebhooks } from './wake-webhooks';

/** How soon a signal that a crash swallowed is repeated. */
const RELAY_EVERY_MS = 500;
const RELAY_PAGE = 100;
/** How soon a terminated workflow, or a whole lost Temporal database, is noticed (design: every 30 s). */
export const SWEEP_EVERY_MS = 30_000;
const SWEEP_PAGE = 200;
/** Unfinished jobs that Temporal is asked about at once, and the pause between pages: some 700 jobs/s, no more of its time. */
const SWEEP_AT_ONCE = 10;
const SWEEP_PAUSE_MS = 250;
/** Kept answers whose time is over are no longer given; their rows may lie a while. */
const PURGE_EVERY_MS = 60_000;
const PURGE_PAGE = 5_000;
/** How soon an event is on its way to webhook endpoints, and how often running jobs are asked how far they are. */
const WEBHOOKS_EVERY_MS = 500;
const PROGRESS_EVERY_MS = 1_000;
const DESCRIBE_TIMEOUT_MS = 5_000;

/**
 * The loops that make "accepted" mean "will happen": the relay repeats signals whose version nobody has observed, the
 * sweep starts again any job that is not final and has no open workflow; a third clears kept answers away, the
 * others wake webhook endpoints that are owed something and note how far jobs are. Any number of processes may run them.
 * @returns stop, which waits for the round under way.
 */
export function startRelay(deps: {
  db: Db;
  client: Client;
  settings: EngineSettings;
  log: Logger;
  sweepEveryMs?: number;
}): { stop(): Promise<void> } {
  const { db, client, settings, log } = deps;
  const sweepEveryMs = deps.sweepEveryMs ?? SWEEP_EVERY_MS;
  let stopped = false;

  const relay = async (): Promise<void> => {
    const nudges = await takeNudges(db, RELAY_PAGE);
    await Promise.all(nudges.map((job) => signalJob(client, settings, job)));
  };
  const sweep = async (): Promise<void> => {
    const failures: PromiseRejectedResult[] = [];
    for (;;) {
      const jobs = await takeJobsToSweep(db, sweepEveryMs, SWEEP_PAGE);
      for (let first = 0; first < jobs.length; first += SWEEP_AT_ONCE) {
        const asked = jobs.slice(first, first + SWEEP_AT_ONCE).map(restartIfGone);
        failures.push(...(await Promise.allSettled(asked)).filter((each) => each.status === 'rejected'));
      }
      if (stopped || failures.length > 0 || jobs.length < SWEEP_PAGE) break;
      await delay(SWEEP_PAUSE_MS);
    }
    // Told once it is known of a whole page: one job that cannot be started keeps nobody else waiting.
    const [failure] = failures;
    if (failure) throw failure.reason;
  };
  const restartIfGone = async (job: Nudge): Promise<void> => {
    if (await isOpen(client, job)) return;
    log.warn({ event: 'sweep.restarted', jobId: job.jobId }, 'a job that is not final had no open workflow');
    await signalJob(client, settings, job);
  };
  const purge = async (): Promise<void> => {
    while (!stopped && (await purgeIdempotency(db, PURGE_PAGE)) === PURGE_PAGE);
    while (!stopped && (await purgeWebhookQueue(db, PURGE_PAGE)) === PURGE_PAGE);
  };
  const loops = [
    repeat(relay, RELAY_EVERY_MS, log, 'relay'),
    repeat(sweep, Math.min(5_000, sweepEveryMs), log, 'sweep'),
    repeat(purge, PURGE_EVERY_MS, log, 'purge'),
    repeat(() => wakeWebhooks(db, client, settings), WEBHOOKS_EVERY_MS, log, 'webhooks'),
    repeat(() => noteJobProgress(db), PROGRESS_EVERY_MS, log, 'progress'),
  ];
  return {
    async stop() {
      stopped = true;
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

async function isOpen(client: Client, job: Nudge): Promise<boolean> {
  try {
    const described = await client.withDeadline(Date.now() + DESCRIBE_TIMEOUT_MS, () =>
      client.workflow.getHandle(workflowIds.job(job.kind, job.jobId, job.alone)).describe(),
    );
    // Paused is by an operator's hand, and open.
    return described.status.name === 'RUNNING' || described.status.name === 'PAUSED';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** Runs `work` again and again with a pause between; a failure is logged once until it works again. */
function repeat(
  work: () => Promise<void>,
  pauseMs: number,
  log: Logger,
  name: string,
): { stop(): Promise<void> } {
  let stopped = false;
  let failing = false;
  let wake: () => void = () => undefined;
  const run = async (): Promise<void> => {
    while (!stopped) {
      try {
        await work();
        failing = false;
      } catch (error) {
        if (!failing)
          log.warn({ event: `${name}.failed`, reason: (error as Error).name }, 'will be tried again');
        failing = true;
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, stopped ? 0 : pauseMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const running = run();
  return {
    stop() {
      stopped = true;
      wake();
      return running;
    },
  };
}
