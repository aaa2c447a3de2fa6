import { type DeliverResult } from '../../workflows/contract';
import { type JobKind, type WaitReason } from '../../src/domain/states';
import { type Db } from '../../src/ledger/database';
import { waitedForMs } from '../../src/ledger/delivery-context';
import { type Move } from '../../src/ledger/moves';
import { type DeliveryRules } from '../dependencies';
import { move, wait } from './refusals';

const FILE_WAIT_MS = 60_000;
/** A person mends it, who adds the key or saves the credentials again. Documented in docs/operations.md. */
const CHANNEL_WAIT_MS = 5 * 60_000;
const LONGEST_WAIT_MS = 3_600_000;
/** What was away for long is asked for less often: each wait is a quarter of those before it together. */
const SHARE = 4;

interface Subject {
  readonly messageId: string;
  readonly jobKind: JobKind;
}

/** A message whose files cannot be had for now. That there was no room for them here ends no message. */
export function afterMissingFile(
  db: Db,
  rules: DeliveryRules,
  message: Subject,
  { detail, ours }: { readonly detail: string; readonly ours: boolean },
): Promise<DeliverResult> {
  if (ours) return wait(db, rules, { ...message, reason: 'attachment', waitMs: FILE_WAIT_MS });
  return notYet(db, rules, message, {
    ...{ reason: 'attachment', firstMs: FILE_WAIT_MS },
    end: { to: 'rejected', reason: 'invalid_content', detail },
  });
}

/** A message whose channel's credentials do not open for now: nothing is wrong with it, and the key may come back. */
export function afterSealedChannel(db: Db, rules: DeliveryRules, message: Subject): Promise<DeliverResult> {
  const detail = 'The credentials of its channel cannot be read any more.';
  return notYet(db, rules, message, {
    ...{ reason: 'breaker', firstMs: CHANNEL_WAIT_MS },
    end: { to: 'rejected', reason: 'channel_misconfigured', detail },
  });
}

/**
 * Waits as long in all as retries have after a first attempt, and then ends: no attempt is begun meanwhile, so no other deadline runs.
 * Pauses and other waits in between do not count.
 */
async function notYet(
  db: Db,
  rules: DeliveryRules,
  { messageId, jobKind }: Subject,
  { reason, firstMs, end }: { reason: WaitReason; firstMs: number; end: Move },
): Promise<DeliverResult> {
  const waitedMs = await waitedForMs(db, messageId, reason);
  const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(firstMs, Math.ceil(waitedMs / SHARE)));
  if (waitedMs + waitMs > rules.retry.deadlineMs) return move(db, messageId, end);
  return wait(db, rules, { messageId, jobKind, reason, waitMs });
}
