import { type DeliverResult } from '../../workflows/contract';
import { type Database } from '../../src/ledger/database';
import { settlePage } from '../../src/ledger/page-claims';
import { isLasting } from '../../src/ledger/sql-state';
import { type DeliveryRules } from '../dependencies';
import { decideFinish, finishAttempt, type FinishInput, type Finishing } from '../delivery/finish-attempt';
import { persist } from '../delivery/persist';

/** Groups on their way at once: while one is flushed to disk the next is made, and the worker need not wait for either. */
const FLUSHES = 2;
/** A second one is worth its commit from here on. */
const MIN_SECOND_GROUP = 40;

const NONE: ReadonlySet<string> = new Set();

interface Entry extends Finishing {
  readonly input: FinishInput;
  readonly resolve: (result: DeliverResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes outcomes down in groups: all that came while the group before was being written. What a group may not settle goes one by
 * one, by the rule of the other lane. An outcome counts as known only once its write has committed.
 */
export function createOutcomeWriter(
  db: Database,
  rules: DeliveryRules,
): (input: FinishInput) => Promise<DeliverResult> {
  let queue: Entry[] = [];
  let flushes = 0;

  const alone = (input: FinishInput): Promise<DeliverResult> =>
    persist(() => finishAttempt(db, rules, input));

  async function drain(): Promise<void> {
    if (flushes >= FLUSHES || (flushes > 0 && queue.length < MIN_SECOND_GROUP)) return;
    flushes += 1;
    while (queue.length > 0) {
      const group = queue;
      queue = [];
      await write(group);
    }
    flushes -= 1;
  }

  async function write(group: readonly Entry[]): Promise<void> {
    try {
      const settlements = group.map(({ settlement }) => settlement);
      // What a group cannot be written for goes one by one: whose fault it is shows, and the others' outcomes are kept.
      const settled = await persist(() => settlePage(db, settlements)).catch((error: unknown) => {
        if (!isLasting(error)) throw error;
        return NONE;
      });
      for (const { input, result, resolve, reject } of group) {
        if (settled.has(input.attemptId)) resolve(result);
        else alone(input).then(resolve, reject);
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  return (input) => {
    // Settled at once by the vendor: two moves, and perhaps a suppression.
    if (input.outcome.type === 'accepted' && input.outcome.settled) return alone(input);
    return new Promise((resolve, reject) => {
      queue.push({ ...decideFinish(rules, input), input, resolve, reject });
      void drain();
    });
  };
}
