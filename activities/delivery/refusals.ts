import { type DeliverResult } from '../../workflows/contract';
import { isSettled, type JobKind, type WaitReason } from '../../src/domain/states';
import { type Refused } from '../../src/ledger/attempts';
import { type Db } from '../../src/ledger/database';
import { type DeliveryContext } from '../../src/ledger/delivery-context';
import { moveMessage, type Move } from '../../src/ledger/moves';
import { type DeliveryRules } from '../dependencies';

const WAIT_MARGIN_MS = 60_000;

/** Turns the ledger's no to a claim into the message's next state and into what the workflow should do. */
export async function afterRefusal(
  db: Db,
  rules: DeliveryRules,
  input: { messageId: string; jobKind: JobKind; message: DeliveryContext; refusal: Refused },
): Promise<DeliverResult> {
  const { refusal, message } = input;
  switch (refusal.refused) {
    case 'canceled':
      return move(db, input.messageId, { to: 'canceled', reason: 'canceled' });
    case 'expired':
      // Before any attempt nothing was tried, so nothing failed: the message was not worth sending any more.
      return move(db, input.messageId, {
        to: message.attempts > 0 ? 'failed' : 'skipped',
        reason: 'expired',
      });
    case 'rate_limited':
      return wait(db, rules, { ...input, reason: 'rate_limit', waitMs: refusal.waitMs });
    case 'not_due':
      return input.jobKind === 'bulk' && refusal.waitMs > rules.parkAfterMs
        ? { type: 'parked' }
        : { type: 'wait', waitMs: refusal.waitMs };
    case 'paused':
    case 'not_running':
      return { type: 'left', why: 'paused' };
    case 'fenced':
      return { type: 'left', why: 'held' };
    case 'held':
      return input.jobKind === 'bulk'
        ? { type: 'left', why: 'held' }
        : { type: 'wait', waitMs: Math.max(1_000, refusal.waitMs) };
    case 'facts_changed':
    case 'capped':
    case 'open':
    case 'settled':
      // It, or what the gates go by, moved on while this call was preparing: look again at once.
      return { type: 'wait', waitMs: 0 };
  }
}

/** Moves a message that is not being sent to `waiting`; a bulk one that has to wait long is left to the planner. */
export async function wait(
  db: Db,
  rules: DeliveryRules,
  input: { messageId: string; jobKind: JobKind; reason: WaitReason; waitMs: number },
): Promise<DeliverResult> {
  const keeps = input.jobKind !== 'bulk' || input.waitMs <= rules.parkAfterMs;
  const now = await moveMessage(db, input.messageId, {
    to: 'waiting',
    waitReason: input.reason,
    waitMs: input.waitMs,
    holdMs: keeps ? input.waitMs + WAIT_MARGIN_MS : null,
  });
  if (isSettled(now.state)) return { type: 'settled', ...now };
  return keeps ? { type: 'wait', waitMs: input.waitMs } : { type: 'parked' };
}

/** Moves a message to its end; one that moved on meanwhile is looked at again. */
export async function move(db: Db, messageId: string, to: Move): Promise<DeliverResult> {
  const now = await moveMessage(db, messageId, to);
  return isSettled(now.state) ? { type: 'settled', ...now } : { type: 'wait', waitMs: 0 };
}
