import { type LedgerActivities } from '../workflows/contract';
import { findJob } from '../src/ledger/jobs';
import { type Tx } from '../src/ledger/database';
import { nextPageWakeUpMs, planPageShards } from '../src/ledger/page-shards';
import { nextWakeUpMs, planShards } from '../src/ledger/shards';
import { progressOf } from '../src/service/progress';
import { type Dependencies } from './dependencies';
import { requireJob } from './require-job';

/** Plans the next shards, and says when there will be more to plan. With maxShards 0 it only looks. */
export function createPlanShards({
  db,
  rules,
}: Pick<Dependencies, 'db' | 'rules'>): LedgerActivities['planShards'] {
  return async ({ jobId, generation, maxShards, shardSize }) => {
    const paged = (await findJob(db, jobId))?.fan_out === 'page';
    const plan = (tx: Tx) =>
      paged
        ? planPageShards(tx, { jobId, generation, maxShards, shardSize: rules.pageShardSize })
        : planShards(tx, { jobId, generation, maxShards, shardSize, holdMs: rules.shardHoldMs });
    const shards = maxShards === 0 ? [] : await db.transaction(plan);
    const job = await requireJob(db, jobId);
    const row = await findJob(db, jobId);
    return {
      generation: row?.generation ?? generation,
      shards: shards.map(({ n, first, last, size }) => ({ n, first, last, size })),
      ready: job.phase === 'running' && !job.paused && !job.cancelRequested && job.suspended === null,
      wakeUpMs: await (paged ? nextPageWakeUpMs : nextWakeUpMs)(db, jobId),
      ...(paged ? { fanOut: 'page' } : {}),
      progress: progressOf(job),
    };
  };
}
