import { type LedgerActivities } from '../workflows/contract';
import { finishJob } from '../src/ledger/jobs';
import { progressOf } from '../src/service/progress';
import { type Dependencies } from './dependencies';
import { requireJob } from './require-job';

/** Settles a job that has nothing left to do, unless something newer than `observed` was asked for. */
export function createFinishJob({ db }: Pick<Dependencies, 'db'>): LedgerActivities['finishJob'] {
  return async ({ jobId, observed }) => {
    const finished = await db.transaction((tx) => finishJob(tx, jobId, observed));
    const job = await requireJob(db, jobId);
    return { finished: finished || job.phase === 'settled', progress: progressOf(job) };
  };
}
