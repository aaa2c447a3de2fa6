import { heartbeat } from '@temporalio/activity';
import { type LedgerActivities } from '../workflows/contract';
import { cancelPage, endLostAttempts } from '../src/ledger/moves';
import { type Dependencies } from './dependencies';

/** Messages a transaction: small enough to hold locks for milliseconds (design). */
const PAGE = 1_000;

/**
 * After this long the rest is for the next call: a large job would hold one of the slots that all planning goes through, and its owner may
 * cancel twenty.
 */
const SLICE_MS = 5_000;

/** After a cancel: settles what has no open attempt, page by page, and attempts that nobody will ever answer for. */
export function createSettleCanceled({ db }: Pick<Dependencies, 'db'>): LedgerActivities['settleCanceled'] {
  return async ({ jobId, after: given = -1 }) => {
    const endMs = Date.now() + SLICE_MS;
    await db.transaction((tx) => endLostAttempts(tx, jobId));
    for (let after = given; ; heartbeat()) {
      const last = await db.transaction((tx) => cancelPage(tx, jobId, { after, limit: PAGE }));
      if (last === undefined) return undefined;
      if (Date.now() >= endMs) return { after: last };
      after = last;
    }
  };
}
