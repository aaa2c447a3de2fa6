import {
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  patched,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { isSettled } from '../src/domain/states';
import { deliver, ledger, longLedger } from './activities';
import { MAX_RUN_MS, QUERIES, SIGNALS, type MessageInput, type MessageResult } from './contract';

/** A paused message is told when that ends; should the signal be lost, it looks by itself this often. */
const PAUSED_LOOK_MS = 3_600_000;

/**
 * One recipient: waits until due, delivers, retries, gives up. In a bulk job it keeps only short waits and leaves the others
 * to the planner; in a batch or alone it waits as long as it takes. A Cancel, or the signal, is the command cancel on this
 * message; it interrupts waits, never an attempt.
 */
export async function deliverMessage(input: MessageInput): Promise<MessageResult> {
  const seen = { step: 'starting', changes: 0, cancelWanted: false };
  const startedAtMs = Date.now();
  setHandler(defineQuery(QUERIES.status), () => ({ step: seen.step }));
  setHandler(defineSignal(SIGNALS.changed), () => {
    seen.changes += 1;
  });
  setHandler(defineSignal(SIGNALS.cancel), () => {
    seen.cancelWanted = true;
  });
  CancellationScope.current().cancelRequested.catch(() => {
    seen.cancelWanted = true;
  });
  // A request that came before the first task: its handler runs only after the first attempt was begun.
  if (CancellationScope.current().consideredCancelled && patched('cancel-before-start'))
    seen.cancelWanted = true;
  return CancellationScope.nonCancellable(input.alone ? conductAlone : conduct);

  async function conduct(): Promise<MessageResult> {
    if (input.dueInMs !== undefined && input.dueInMs > 0) {
      // Told before its first task, it has not seen yet what it was told of.
      const changes = seen.changes > 0 && patched('told-before-start') ? 0 : seen.changes;
      await wait(input.dueInMs, 'waiting until due', changes);
    }
    for (;;) {
      if (seen.cancelWanted) {
        await ledger.cancelMessage({ v: 1, messageId: input.messageId });
        seen.cancelWanted = false;
      }
      seen.step = 'delivering';
      const before = seen.changes;
      const result = await deliver(input);
      // What came during the attempt may be what the attempt could not know yet.
      const changes = seen.changes > before && patched('changes-in-attempt') ? before : seen.changes;
      if (result.type === 'settled') return end(result);
      if (result.type === 'parked' || (result.type === 'left' && input.jobKind === 'bulk')) {
        // A cancel that came during the attempt is still owed: once this run has ended, the planner would send the message.
        if (!seen.cancelWanted) return end(result);
      } else if (result.type === 'wait') {
        await wait(result.waitMs, 'waiting', changes);
      } else {
        await wait(PAUSED_LOOK_MS, result.why, changes);
      }
    }
  }

  /**
   * Alone the run is its job's as well: it writes what it has seen of the ledger's version, and settles the job when its
   * message is. Each round begins with the intent, so that no signal has to arrive.
   */
  async function conductAlone(): Promise<MessageResult> {
    const { jobId, messageId } = input;
    let fresh = workflowInfo().continuedFromExecutionRunId === undefined;
    let observed = 0;
    let validated = false;
    let last: MessageResult | undefined;
    for (;;) {
      const changes = seen.changes;
      const intent = await ledger.loadIntent({ v: 1, jobId, fresh, observed });
      fresh = false;
      observed = intent.version;
      if (seen.cancelWanted) {
        await ledger.cancelMessage({ v: 1, messageId });
        seen.cancelWanted = false;
      }
      // One message: there is no rest.
      if (intent.cancelRequested) await longLedger.settleCanceled({ v: 1, jobId });
      const [message] = await (validated
        ? ledger.loadBatch({ v: 1, jobId })
        : ledger.validateBatch({ v: 1, jobId }));
      validated = true;
      if (!message || isSettled(message.state)) {
        const { finished } = await ledger.finishJob({ v: 1, jobId, observed });
        const state = message?.state ?? 'canceled';
        if (finished) return end(last?.type === 'settled' ? last : { type: 'settled', state, reason: null });
        // A suspended job is not settled by anyone: nothing to do until that ends.
        if (intent.paused) await wait(PAUSED_LOOK_MS, 'paused', changes);
        continue;
      }
      if (intent.paused && !intent.cancelRequested) {
        await wait(PAUSED_LOOK_MS, 'paused', changes);
      } else if (message.dueInMs > 0) {
        await wait(message.dueInMs, 'waiting until due', changes);
      } else {
        seen.step = 'delivering';
        const result = await deliver(input);
        if (result.type === 'wait') await wait(result.waitMs, 'waiting', changes);
        else if (result.type === 'left') await wait(PAUSED_LOOK_MS, result.why, changes);
        else last = result;
      }
    }
  }

  /**
   * Until the time is up, or someone says that something changed. A wait that outlives the run goes on in the next one, and
   * so does a message that has waited too often for one history.
   */
  async function wait(waitMs: number, step: string, changes = seen.changes): Promise<void> {
    const untilMs = Date.now() + waitMs;
    seen.step = step;
    setCurrentDetails(step);
    const renewAtMs = startedAtMs + MAX_RUN_MS;
    await condition(
      () => seen.cancelWanted || seen.changes > changes,
      Math.max(1, Math.min(untilMs, renewAtMs) - Date.now()),
    );
    const interrupted = seen.cancelWanted || seen.changes > changes;
    if (!interrupted && (Date.now() >= renewAtMs || workflowInfo().continueAsNewSuggested)) {
      await continueAsNew<typeof deliverMessage>({ ...input, dueInMs: Math.max(0, untilMs - Date.now()) });
    }
  }

  function end(result: MessageResult): MessageResult {
    seen.step = result.type;
    setCurrentDetails(
      result.type === 'settled' ? [result.state, result.reason].filter(Boolean).join(': ') : result.type,
    );
    return result;
  }
}
