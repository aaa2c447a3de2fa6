import {
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  executeChild,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setHandler,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import { birdStatus, type BirdStatus } from '../src/domain/outward';
import { isSettled } from '../src/domain/states';
import { ledger, longLedger } from './activities';
import {
  QUERIES,
  SIGNALS,
  WORKFLOWS,
  workflowIds,
  type BatchItem,
  type BatchMessage,
  type Intent,
  type JobInput,
  type Progress,
} from './contract';
import { openInbox, type Inbox } from './inbox';
import { childTags, describePhase } from './operator-view';
import { type deliverMessage } from './deliver-message';

/** Messages whose child is open elsewhere, or whose child was lost, are looked at again after 2 s, 4 s, … 60 s. */
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;

interface Run {
  observed: number;
  step: string;
  progress: Progress;
  items: Map<string, BirdStatus>;
  /** Message ids of the children of this run that are open. */
  shards: Map<string, true>;
  /** Children of this run that ended without a result: open elsewhere, failed or terminated. */
  lost: number;
  pauseMs: number;
}

/**
 * A batch: validates its messages in one activity, then runs one child for each, all at once (100 at most), each waiting on
 * its own timer. Ends when the ledger holds no unsettled message; a child open from an earlier run is waited for through it.
 */
export async function batch(input: JobInput): Promise<Progress> {
  const run: Run = {
    observed: input.carried?.observed ?? 0,
    step: 'loading',
    progress: { status: 'CREATED', received: 0, enqueued: 0, failures: 0 },
    items: new Map(),
    shards: new Map(),
    lost: 0,
    pauseMs: FIRST_PAUSE_MS,
  };
  setHandler(defineQuery(QUERIES.status), () => ({
    batch: run.progress,
    step: run.step,
    running: run.shards.size,
    observed: run.observed,
  }));
  setHandler(defineQuery<BatchItem[]>(QUERIES.items), () =>
    [...run.items].map(([id, status]) => ({ id, status })),
  );
  const inbox = openInbox(input, ['changed', 'cancel', 'pause', 'resume']);
  return CancellationScope.nonCancellable(() => conduct(input, run, inbox));
}

async function conduct(input: JobInput, run: Run, inbox: Inbox): Promise<Progress> {
  const { jobId, settings } = input;
  const startedAtMs = Date.now();
  let fresh = workflowInfo().continuedFromExecutionRunId === undefined;
  let validated = false;
  let lookedFor = 0;

  for (;;) {
    await inbox.apply();
    lookedFor = inbox.wanted();
    const intent = await ledger.loadIntent({ v: 1, jobId, fresh, observed: run.observed });
    const changed = run.observed > 0 && intent.version > run.observed;
    fresh = false;
    run.observed = intent.version;
    run.progress = intent.progress;
    run.step = stepOf(intent);
    describePhase(settings, run);
    if (intent.phase === 'settled') return run.progress;
    if (intent.cancelRequested) await longLedger.settleCanceled({ v: 1, jobId });

    const messages = await (validated
      ? ledger.loadBatch({ v: 1, jobId })
      : ledger.validateBatch({ v: 1, jobId }));
    validated = true;
    for (const message of messages) run.items.set(message.messageId, message.status);
    const unsettled = messages.filter((message) => !isSettled(message.state));
    if (unsettled.length === 0 && run.shards.size === 0) {
      const end = await ledger.finishJob({ v: 1, jobId, observed: run.observed });
      run.progress = end.progress;
      if (end.finished) {
        run.step = 'settled';
        return run.progress;
      }
      continue;
    }
    if (changed) nudgeChildren(unsettled);
    const lostBefore = run.lost;
    for (const message of unsettled) startChild(input, run, message);
    if (
      Date.now() - startedAtMs >= settings.maxRunMs ||
      workflowInfo().continueAsNewSuggested ||
      inbox.signalCount() >= settings.maxSignals
    ) {
      return continueAsNew<typeof batch>({
        ...input,
        carried: { observed: run.observed, commands: inbox.commands() },
      });
    }
    const renewInMs = Math.max(1, settings.maxRunMs - (Date.now() - startedAtMs));
    await condition(
      () =>
        inbox.hasCommands() || inbox.wanted() > lookedFor || run.shards.size === 0 || run.lost > lostBefore,
      renewInMs,
    );
    if (run.lost > lostBefore) await pause(run, () => inbox.hasCommands() || inbox.wanted() > lookedFor);
  }
}

/** What was lost is tried again, more slowly each time: an open child elsewhere is waited for through the ledger. */
async function pause(run: Run, interrupted: () => boolean): Promise<void> {
  const pauseMs = run.pauseMs;
  run.pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
  await condition(interrupted, pauseMs);
}

function stepOf(intent: Intent): string {
  if (intent.cancelRequested) return 'canceling';
  return intent.paused ? 'paused' : 'delivering';
}

/** Pause, resume and cancel hold by the ledger's commit; this only makes the waiting children see it now. */
function nudgeChildren(unsettled: readonly BatchMessage[]): void {
  for (const { messageId } of unsettled) {
    getExternalWorkflowHandle(workflowIds.message('batch', messageId))
      .signal(defineSignal(SIGNALS.changed))
      .catch(() => undefined);
  }
}

/** Starts a message's child unless this run has one open. */
function startChild(input: JobInput, run: Run, message: BatchMessage): void {
  if (run.shards.has(message.messageId)) return;
  run.shards.set(message.messageId, true);
  void follow();

  async function follow(): Promise<void> {
    try {
      const result = await executeChild<typeof deliverMessage>(WORKFLOWS.deliverMessage, {
        workflowId: workflowIds.message('batch', message.messageId),
        args: [
          {
            v: 1,
            workspaceId: input.workspaceId,
            jobId: input.jobId,
            jobKind: 'batch',
            messageId: message.messageId,
            dueInMs: message.dueInMs,
          },
        ],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        ...childTags(input.settings.searchAttributes, { ...input, kind: 'batch' }),
      });
      if (result.type === 'settled') run.items.set(message.messageId, birdStatus({ ...result }).status);
    } catch {
      run.lost += 1;
    }
    run.shards.delete(message.messageId);
  }
}
