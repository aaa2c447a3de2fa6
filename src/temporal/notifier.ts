import { type Client } from '@temporalio/client';
import { type Logger } from 'pino';
import { QUERIES, workflowIds, type EngineSettings, type JobStatusAnswer } from '../../workflows/contract';
import { type Nudge } from '../ledger/outbox';
import { type Notifier } from '../service/create-service';
import { type LiveStatus } from '../service/service';
import { type JobView } from '../service/views';
import { signalJob } from './start-job';

/** Under a flood of small ingestions a job gets at most one signal in this long from this process (design). */
const COALESCE_MS = 1_000;
const QUERY_TIMEOUT_MS = 60;
const QUERY_CACHE_MS = 1_000;
const MAX_CACHED = 10_000;

/**
 * After a commit: commands are told at once; added recipients at once, then at most once a second a job. All of it best effort;
 * the relay owns the guarantee.
 */
export function createNotifier(deps: {
  client: Client;
  settings: EngineSettings;
  log: Logger;
}): Notifier & { close(): void } {
  const { client, settings, log } = deps;
  const pending = new Map<string, { latest: Nudge | undefined; timer: NodeJS.Timeout }>();
  const answers = new Map<string, { untilMs: number; answer: Promise<LiveStatus | undefined> }>();

  const send = (job: Nudge): void => {
    signalJob(client, settings, job).catch((error: Error) =>
      log.warn(
        { event: 'signal.failed', jobId: job.jobId, reason: error.name },
        'the relay will repeat this signal',
      ),
    );
  };
  const look = (job: Nudge): void => {
    const waiting = pending.get(job.jobId);
    if (waiting && job.mayWait) {
      waiting.latest = job;
      return;
    }
    send(job);
    if (waiting) {
      // Said with it: its version is newer than what waited.
      waiting.latest = undefined;
      return;
    }
    const timer = setTimeout(() => {
      const latest = pending.get(job.jobId)?.latest;
      pending.delete(job.jobId);
      if (latest) look(latest);
    }, COALESCE_MS);
    pending.set(job.jobId, { latest: undefined, timer });
  };

  const liveStatus = (job: JobView): Promise<LiveStatus | undefined> => {
    const known = answers.get(job.id);
    if (known && known.untilMs > Date.now()) return known.answer;
    if (answers.size >= MAX_CACHED) answers.clear();
    const answer = ask(client, job);
    answers.set(job.id, { untilMs: Date.now() + QUERY_CACHE_MS, answer });
    return answer;
  };

  return {
    look,
    liveStatus,
    close() {
      for (const { timer, latest } of pending.values()) {
        clearTimeout(timer);
        if (latest) send(latest);
      }
      pending.clear();
    },
  };
}

/** One query with a deadline and no retry; an answer older than what the ledger knows was observed is not used. */
async function ask(client: Client, job: JobView): Promise<LiveStatus | undefined> {
  try {
    const handle = client.workflow.getHandle(
      workflowIds.job(job.kind, job.id, job.kind === 'send' && job.received === 1),
    );
    const answer = await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () =>
      handle.query<Partial<JobStatusAnswer>>(QUERIES.status),
    );
    if ((answer.observed ?? 0) < job.observedVersion) return undefined;
    return {
      step: answer.step ?? 'unknown',
      shardsRunning: answer.shardsRunning ?? 0,
      nextWakeUp: answer.nextWakeUp ?? null,
    };
  } catch {
    return undefined;
  }
}
