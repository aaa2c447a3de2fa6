import { type DeliverResult } from '../../workflows/contract';
import { type JobKind } from '../../src/domain/states';
import { waitingForMs } from '../../src/ledger/delivery-context';
import { type Db } from '../../src/ledger/database';
import { type DeliveryRules } from '../dependencies';
import { move, wait } from './refusals';

const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 3_600_000;
/** A file that was away for long is asked for less often: each wait is a quarter of those before it together. */
const SHARE = 4;

/**
 * A message whose files cannot be had waits for them, as long as retries have after a first attempt: no attempt is begun without them,
 * so nothing else would end it.
 */
export async function afterMissingFile(
  db: Db,
  rules: DeliveryRules,
  input: { messageId: string; jobKind: JobKind; detail: string },
): Promise<DeliverResult> {
  const { messageId, jobKind, detail } = input;
  const sinceMs = await waitingForMs(db, messageId, 'attachment');
  const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(FIRST_WAIT_MS, Math.ceil(sinceMs / SHARE)));
  if (sinceMs + waitMs > rules.retry.deadlineMs)
    return move(db, messageId, { to: 'rejected', reason: 'invalid_content', detail });
  return wait(db, rules, { messageId, jobKind, reason: 'attachment', waitMs });
}
