import { type BatchMessage, type LedgerActivities } from '../workflows/contract';
import { birdStatus } from '../src/domain/outward';
import { type RejectReason } from '../src/domain/reasons';
import { moveMessage } from '../src/ledger/moves';
import { batchMessages, holdUntilDue, type BatchMessageRow } from '../src/ledger/batch-messages';
import { type Dependencies } from './dependencies';

/** A message's child has it for this long beyond its due time, before a later run may start another. */
const HOLD_MARGIN_MS = 120_000;

/**
 * Validation of a batch: each message with a fault is rejected, each that is due later waits, the others stay pending. The
 * faults were found at the door; here they become states, each with its event. Runs again without harm.
 */
export function createValidateBatch({ db }: Pick<Dependencies, 'db'>): LedgerActivities['validateBatch'] {
  return async ({ jobId }) => {
    for (const row of await batchMessages(db, jobId)) {
      if (row.state !== 'pending') continue;
      const [fault] = row.faults;
      if (fault) {
        const detail = row.faults.map(({ description }) => description).join('; ');
        await moveMessage(db, row.messageId, {
          to: 'rejected',
          reason: fault.reason as RejectReason,
          detail,
        });
      } else if (row.dueInMs > 0) {
        await moveMessage(db, row.messageId, {
          to: 'waiting',
          waitReason: row.jobKind === 'send' ? 'delay' : 'scheduled_for',
          waitMs: row.dueInMs,
          holdMs: row.dueInMs + HOLD_MARGIN_MS,
        });
      }
    }
    return loadBatch(jobId);
  };

  async function loadBatch(jobId: string): Promise<BatchMessage[]> {
    await holdUntilDue(db, jobId, HOLD_MARGIN_MS);
    return (await batchMessages(db, jobId)).map(toBatchMessage);
  }
}

/** Where a batch's messages stand now. */
export function createLoadBatch({ db }: Pick<Dependencies, 'db'>): LedgerActivities['loadBatch'] {
  return async ({ jobId }) => (await batchMessages(db, jobId)).map(toBatchMessage);
}

function toBatchMessage(row: BatchMessageRow): BatchMessage {
  return {
    messageId: row.messageId,
    state: row.state,
    status: birdStatus(row).status,
    dueInMs: Math.max(0, Math.ceil(row.dueInMs)),
  };
}
