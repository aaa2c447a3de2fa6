import { type LedgerActivities } from '../workflows/contract';
import { endPage } from '../src/ledger/page-shards';
import { releaseShard, shardMessages } from '../src/ledger/shards';
import { type Dependencies } from './dependencies';

/** Which messages of a shard still want a child. */
export function createLoadShard({ db }: Pick<Dependencies, 'db'>): LedgerActivities['loadShard'] {
  return ({ jobId, generation, n }) => shardMessages(db, { jobId, generation, n });
}

/** Gives a shard's messages back to the planner. */
export function createReleaseShard({ db }: Pick<Dependencies, 'db'>): LedgerActivities['releaseShard'] {
  return ({ jobId, generation, n, held }) =>
    db.transaction(async (tx) => {
      await endPage(tx, { jobId, generation, n });
      await releaseShard(tx, { jobId, generation, n, heldElsewhere: held });
    });
}
