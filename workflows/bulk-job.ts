import {
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { ledger, longLedger } from './activities';
import {
  MAX_RUN_MS,
  QUERIES,
  type ErrorSample,
  type JobInput,
  type JobItemsAnswer,
  type JobStatusAnswer,
  type Progress,
} from './contract';
import { openInbox } from './inbox';
import { describePhase } from './operator-view';
import { startShard } from './start-shard';

const MAX_ERROR_SAMPLES = 100;
/** The planner looks again this soon at the earliest: rows that came due in the same instant share a plan. */
const MIN_WAKE_UP_MS = 250;

/** What one run of bulkJob holds; nothing of it is a count of record. */
interface Run {
  observed: number;
  generation: number;
  step: string;
  wakeUpAtMs: number | null;
  progress: Progress;
  shards: Map<string, () => void>;
  finishedShards: number;
  errors: ErrorSample[];
}

/**
 * A bulk job, from creation to its last settled message. The ledger owns what is wanted; this owns what it has started.
 * Loop: load the intent, act on it, wait for a signal, a finished shard or the next due time.
 * Ends with what the ledger says of the job, also when it was cancelled.
 */
export async function bulkJob(input: JobInput): Promise<Progress> {
  const run: Run = {
    observed: input.carried?.observed ?? 0,
    generation: 0,
    step: 'loading',
    wakeUpAtMs: null,
    progress: { status: 'CREATED', received: 0, enqueued: 0, failures: 0 },
    shards: new Map(),
    finishedShards: 0,
    errors: [],
  };
  answerQueries(run);
  const inbox = openInbox(input, ['changed', 'ingestUsers', 'run', 'pause', 'resume', 'cancel']);
  return CancellationScope.nonCancellable(() => conduct(input, run, inbox));
}

async function conduct(input: JobInput, run: Run, inbox: ReturnType<typeof openInbox>): Promise<Progress> {
  const { jobId, settings } = input;
  const startedAtMs = Date.now();
  let fresh = workflowInfo().continuedFromExecutionRunId === undefined;
  let look = true;
  let lookedFor = 0;
  const mustRenew = (): boolean =>
    workflowInfo().continueAsNewSuggested ||
    inbox.isFull(settings.maxSignals) ||
    Date.now() - startedAtMs >= settings.maxRunMs;
  const mayRenew = (): boolean => mustRenew() && run.shards.size === 0;

  for (;;) {
    await inbox.apply(mayRenew);
    if (look || inbox.reasons() > lookedFor) {
      lookedFor = inbox.reasons();
      const intent = await ledger.loadIntent({ v: 1, jobId, fresh, observed: run.observed });
      inbox.saw(intent.version);
      fresh = look = false;
      run.observed = intent.version;
      run.generation = Math.max(run.generation, intent.generation);
      run.progress = intent.progress;
      if (intent.phase === 'settled') return done(run, 'settled');
      run.step = intent.cancelRequested
        ? 'canceling'
        : intent.paused
          ? 'paused'
          : intent.phase === 'running'
            ? 'delivering'
            : 'open';
      describePhase(settings, run);
      if (run.step === 'canceling' || run.step === 'paused') stopShards(run);
      if (run.step === 'canceling') {
        let rest = await longLedger.settleCanceled({ v: 1, jobId });
        while (rest) rest = await longLedger.settleCanceled({ v: 1, jobId, after: rest.after });
      }
    }

    const renewal = mustRenew();
    if (renewal && run.shards.size === 0) {
      if (!inbox.carriable()) continue;
      return continueAsNew<typeof bulkJob>({
        ...input,
        carried: { observed: run.observed, commands: inbox.commands() },
      });
    }

    let unsettled = true;
    run.wakeUpAtMs = null;
    if (run.step === 'delivering' && !renewal && run.shards.size < settings.shards) {
      const plan = await ledger.planShards({
        v: 1,
        jobId,
        generation: run.generation + 1,
        maxShards: settings.shards - run.shards.size,
        shardSize: settings.shardSize,
      });
      run.generation = plan.generation;
      run.progress = plan.progress;
      for (const shard of plan.shards) startShard(input, run, shard, plan.fanOut);
      if (!plan.ready) look = true;
      unsettled = plan.wakeUpMs !== null;
      if (plan.wakeUpMs !== null) run.wakeUpAtMs = Date.now() + Math.max(MIN_WAKE_UP_MS, plan.wakeUpMs);
      describePhase(settings, run);
    } else if (run.step === 'canceling') {
      // Attempts that were open when the cancel came end by themselves: look again when the next hold runs out.
      const left = await ledger.planShards({
        v: 1,
        jobId,
        generation: run.generation + 1,
        maxShards: 0,
        shardSize: 1,
      });
      run.progress = left.progress;
      unsettled = left.wakeUpMs !== null;
      if (left.wakeUpMs !== null) run.wakeUpAtMs = Date.now() + Math.max(MIN_WAKE_UP_MS, left.wakeUpMs);
    }

    if (!unsettled && run.shards.size === 0) {
      const end = await ledger.finishJob({ v: 1, jobId, observed: run.observed });
      run.progress = end.progress;
      if (end.finished) return done(run, 'settled');
      look = true;
    }
    if (look) continue;

    const finishedBefore = run.finishedShards;
    const renewInMs = Math.max(1, settings.maxRunMs - (Date.now() - startedAtMs));
    const untilWakeUpMs = run.wakeUpAtMs === null ? MAX_RUN_MS : run.wakeUpAtMs - Date.now();
    // A run that has to be renewed only waits for its last shards to come home.
    const waitMs = renewal ? untilWakeUpMs : Math.min(renewInMs, untilWakeUpMs);
    await condition(
      () => inbox.hasCommands() || inbox.reasons() > lookedFor || run.finishedShards > finishedBefore,
      Math.max(1, waitMs),
    );
    if (run.step === 'canceling') look = true;
  }
}

function done(run: Run, step: string): Progress {
  run.step = step;
  run.wakeUpAtMs = null;
  return run.progress;
}

/** Pause and cancel: running shards stop starting children; those under way end by themselves. */
function stopShards(run: Run): void {
  for (const [key, stop] of run.shards) {
    stop();
    run.shards.set(key, () => undefined);
  }
}

function answerQueries(run: Run): void {
  setHandler(
    defineQuery<JobStatusAnswer>(QUERIES.status),
    () => ({
      job: run.progress,
      step: run.step,
      shardsRunning: run.shards.size,
      nextWakeUp: run.wakeUpAtMs === null ? null : new Date(run.wakeUpAtMs).toISOString(),
      observed: run.observed,
    }),
    {
      description:
        'Counts as the ledger had them at the last look, the current step, shards running, next wake-up.',
    },
  );
  setHandler(
    defineQuery<JobItemsAnswer>(QUERIES.items),
    () => ({ generation: run.generation, items: run.errors.slice(0, MAX_ERROR_SAMPLES) }),
    {
      description:
        'The newest generation of shards and at most 100 recipients that ended in error, by message id.',
    },
  );
}
