import { type LedgerActivities } from '../workflows/contract';
import { findJob } from '../src/ledger/jobs';
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
    const shards =
      maxShards === 0
        ? []
        : await db.transaction((tx) =>
            planShards(tx, { jobId, generation, maxShards, shardSize, holdMs: rules.shardHoldMs }),
          );
    const job = await requireJob(db, jobId);
    const row = await findJob(db, jobId);
    return {
      generation: row?.generation ?? generation,
      shards: shards.map(({ n, first, last, size }) => ({ n, first, last, size })),
      ready: job.phase === 'running' && !job.paused && !job.cancelRequested && job.suspended === null,
      wakeUpMs: await nextWakeUpMs(db, jobId),
      progress: progressOf(job),
    };
  };
}
