import { ApplicationFailure } from '@temporalio/common';
import { type Db } from '../src/ledger/database';
import { readJobRow } from '../src/ledger/read-jobs';
import { type JobView } from '../src/service/views';

/** The job of a workflow. A workflow whose job is not in this ledger is not ours: its run fails, for good. */
export async function requireJob(db: Db, jobId: string): Promise<JobView> {
  const job = await readJobRow(db, jobId);
  if (!job) throw ApplicationFailure.nonRetryable('The ledger has no such job.', 'JobNotFound');
  return job;
}
