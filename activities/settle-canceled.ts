import { heartbeat } from '@temporalio/activity';
import { type LedgerActivities } from '../workflows/contract';
import { cancelPage, endLostAttempts } from '../src/ledger/moves';
import { type Dependencies } from './dependencies';

/** Messages a transaction: small enough to hold locks for milliseconds (design). */
const PAGE = 1_000;

/** After a cancel: settles what has no open attempt, page by page, and attempts that nobody will ever answer for. */
export function createSettleCanceled({ db }: Pick<Dependencies, 'db'>): LedgerActivities['settleCanceled'] {
  return async ({ jobId }) => {
    await db.transaction((tx) => endLostAttempts(tx, jobId));
    let after: number | undefined = -1;
    while (after !== undefined) {
      const page: { after: number; limit: number } = { after, limit: PAGE };
      after = await db.transaction((tx) => cancelPage(tx, jobId, page));
      heartbeat();
    }
  };
}
