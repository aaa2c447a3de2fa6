import { type DeliverResult } from '../../workflows/contract';
import { type JobKind } from '../../src/domain/states';
import { type Db } from '../../src/ledger/database';
import { type DeliveryRules } from '../dependencies';
import { wait } from './refusals';

/** A person mends it, who adds the key or saves the credentials again. Documented in docs/operations.md. */
const LOOK_AGAIN_MS = 5 * 60_000;

/** A message whose channel's credentials do not open for now: nothing is wrong with it, and the key may come back. */
export function afterSealedChannel(
  db: Db,
  rules: DeliveryRules,
  input: { messageId: string; jobKind: JobKind },
): Promise<DeliverResult> {
  return wait(db, rules, { ...input, reason: 'breaker', waitMs: LOOK_AGAIN_MS });
}
