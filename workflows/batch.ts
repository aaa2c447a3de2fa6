import {
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  patched,
  setHandler,
  startChild,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { birdStatus, type BirdStatus } from '../src/domain/outward';
import { isSettled } from '../src/domain/states';
import { ledger, longLedger } from './activities';
import {
  MESSAGE_TASK_QUEUE,
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

/** Messages whose child is open elsewhere, or was lost, are looked at again when due, and then after 2 s, 4 s, … 60 s. */
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;
const NEVER = Number.POSITIVE_INFINITY;

interface Run {
  observed: number;
  step: string;
  progress: Progress;
  items: Map<string, BirdStatus>;
  /** Message ids of the children of this run that are open. */
  shards: Map<string, true>;
  /** Children of an earlier run that this one has told to look: what changed between the two runs nobody else told them. */
  told: Set<string>;
  /** When to look again after messages whose child of this run ended without a result: open elsewhere, failed, terminated. */
  lookAtMs: number;
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
    told: new Set(),
    lookAtMs: NEVER,
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
    lookedFor = inbox.reasons();
    const intent = await ledger.loadIntent({ v: 1, jobId, fresh, observed: run.observed });
    inbox.saw(intent.version);
    const changed = run.observed > 0 && intent.version > run.observed;
    fresh = false;
    run.observed = intent.version;
    run.progress = intent.progress;
    run.step = stepOf(intent);
    describePhase(settings, run);
    if (intent.phase === 'settled') return run.progress;

    const messages = await (validated
      ? ledger.loadBatch({ v: 1, jobId })
      : ledger.validateBatch({ v: 1, jobId }));
    validated = true;
    const unsettled = await settleIfCanceled(input, run, messages);
    if (changed) nudgeChildren(input, run, messages);
    if (unsettled.length === 0 && run.shards.size === 0) {
      const end = await ledger.finishJob({ v: 1, jobId, observed: run.observed });
      run.progress = end.progress;
      if (end.finished) {
        run.step = 'settled';
        return run.progress;
      }
      // A suspended job is not finished by anyone: nothing to do until that ends.
      if (!intent.paused || !patched('rest-while-suspended')) continue;
    }
    if (
      Date.now() - startedAtMs >= settings.maxRunMs ||
      workflowInfo().continueAsNewSuggested ||
      inbox.isFull(settings.maxSignals)
    ) {
      return continueAsNew<typeof batch>({
        ...input,
        carried: { observed: run.observed, commands: inbox.commands() },
      });
    }
    if (run.lookAtMs <= Date.now()) run.pauseMs = Math.min(LONGEST_PAUSE_MS, run.pauseMs * 2);
    run.lookAtMs = NEVER;
    for (const message of unsettled) startMessage(input, run, message);
    await rest(
      run,
      () => inbox.hasCommands() || inbox.reasons() > lookedFor,
      startedAtMs + settings.maxRunMs,
    );
  }
}

/** What still wants a child. After a cancel the ledger ends what has no open attempt, and is asked again. */
async function settleIfCanceled(
  { jobId }: JobInput,
  run: Run,
  messages: readonly BatchMessage[],
): Promise<readonly BatchMessage[]> {
  let now = messages;
  if (run.step === 'canceling') {
    // At most 100 messages: there is no rest.
    await longLedger.settleCanceled({ v: 1, jobId });
    now = await ledger.loadBatch({ v: 1, jobId });
  }
  for (const message of now) run.items.set(message.messageId, message.status);
  return now.filter(({ state }) => !isSettled(state));
}

/**
 * Until there is something to do: a signal, every child ended, the next look at those that were lost, or the run is old.
 * While paused, lost ones wait for the resume.
 */
async function rest(run: Run, interrupted: () => boolean, renewAtMs: number): Promise<void> {
  const paused = run.step === 'paused';
  const lookAtMs = (): number => (paused ? NEVER : run.lookAtMs);
  for (;;) {
    const untilMs = Math.min(renewAtMs, lookAtMs());
    const idle = (): boolean => !paused && run.shards.size === 0 && run.lookAtMs === NEVER;
    await condition(() => interrupted() || idle() || lookAtMs() < untilMs, Math.max(1, untilMs - Date.now()));
    if (interrupted() || idle() || Date.now() >= untilMs) return;
  }
}

function stepOf(intent: Intent): string {
  if (intent.cancelRequested) return 'canceling';
  return intent.paused ? 'paused' : 'delivering';
}

/**
 * Pause, resume and cancel hold by the ledger's commit; this only makes the waiting children see it now. A message that was
 * cancelled by itself is settled while its child still waits.
 */
function nudgeChildren(input: JobInput, run: Run, messages: readonly BatchMessage[]): void {
  for (const { messageId, state } of messages) {
    if (isSettled(state) && !run.shards.has(messageId)) continue;
    nudge(workflowIds.message(input.kind ?? 'batch', messageId));
  }
}

function nudge(workflowId: string): void {
  getExternalWorkflowHandle(workflowId)
    .signal(defineSignal(SIGNALS.changed))
    .catch(() => undefined);
}

/** Starts a message's child unless this run has one open. */
function startMessage(input: JobInput, run: Run, message: BatchMessage): void {
  if (run.shards.has(message.messageId)) return;
  const kind = input.kind ?? 'batch';
  const workflowId = workflowIds.message(kind, message.messageId);
  run.shards.set(message.messageId, true);
  const { observed } = run;
  void follow();

  async function follow(): Promise<void> {
    try {
      const child = await startChild<typeof deliverMessage>(WORKFLOWS.deliverMessage, {
        workflowId,
        taskQueue: MESSAGE_TASK_QUEUE,
        args: [
          {
            v: 1,
            workspaceId: input.workspaceId,
            jobId: input.jobId,
            jobKind: kind,
            messageId: message.messageId,
            dueInMs: message.dueInMs,
            inPlace: true,
          },
        ],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        ...childTags(input.settings.searchAttributes, { ...input, kind }),
      });
      // What changed while it was being started could not be told to it.
      if (run.observed > observed && patched('tell-new-child')) nudge(workflowId);
      const result = await child.result();
      if (result.type === 'settled') run.items.set(message.messageId, birdStatus({ ...result }).status);
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError && !run.told.has(workflowId)) {
        run.told.add(workflowId);
        if (patched('tell-open-child')) nudge(workflowId);
      }
      const lookInMs = Math.max(run.pauseMs, message.dueInMs);
      run.lookAtMs = Math.min(run.lookAtMs, Date.now() + lookInMs);
    }
    run.shards.delete(message.messageId);
  }
}
