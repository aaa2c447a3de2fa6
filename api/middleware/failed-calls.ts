import { type Database } from '../../src/ledger/database';
import { dropAnswer } from '../../src/ledger/idempotency';
import { toVolleyError } from './errors';
import { IMPLICIT_MINUTES, type Plan } from './idempotency';

/** Calls whose failure the database did not take in, at most: beyond that it has been away for long. */
const MAX_REMEMBERED = 10_000;

/**
 * A client that repeats by itself is known by its body alone: after a failure of ours its repetition is of the call that failed,
 * and must not be given what an equal call before that one got. So that answer is forgotten; what the failed call itself may have
 * kept, its commit being in doubt, is not.
 */
export interface FailedCalls {
  /** Before a repetition: makes up for what `note` could not forget. Throws where the database is still away. */
  settle(plan: Plan | undefined): Promise<void>;
  /** After a failure, before it is answered. Never throws. */
  note(plan: Plan | undefined, error: unknown): Promise<void>;
}

export function createFailedCalls(db: Database): FailedCalls {
  const failed = new Map<string, Plan>();
  const forget = async (key: string, { scope, keptAt, plannedAtMs }: Plan): Promise<void> => {
    const ageMs = performance.now() - plannedAtMs;
    // What is older has gone by itself by now, and what an equal call got after this one is that call's.
    if (ageMs < IMPLICIT_MINUTES * 60_000)
      await dropAnswer(db, scope, { olderThanMs: ageMs, butKeptAt: keptAt });
    failed.delete(key);
  };
  return {
    async settle(plan) {
      if (plan?.sort !== 'repeat') return;
      const key = JSON.stringify(plan.scope);
      const first = failed.get(key);
      if (first) await forget(key, first);
    },
    async note(plan, error) {
      if (plan?.sort !== 'first' || !isOurs(error)) return;
      const key = JSON.stringify(plan.scope);
      failed.set(key, plan);
      await forget(key, plan).catch(() => undefined);
      const [oldest] = failed.keys();
      if (failed.size > MAX_REMEMBERED && oldest !== undefined) failed.delete(oldest);
    },
  };
}

/** What clients repeat by themselves: their own mistakes they do not. */
function isOurs(error: unknown): boolean {
  const { code } = toVolleyError(error);
  return code === 'unavailable' || code === 'internal';
}
