import { z } from 'zod';
import { VolleyError } from '../../src/domain/errors';
import { bulkJobStatus, type BulkJobStatus } from '../../src/domain/outward';
import { UNSETTLED_STATES } from '../../src/domain/states';
import { type Db } from '../../src/ledger/database';
import { type JobRef, type Service } from '../../src/service/service';
import { type JobView } from '../../src/service/views';

export const jobStatusText = z
  .enum(['CREATED', 'PROCESSING', 'COMPLETED', 'ERROR'])
  .meta({ description: 'Where the job stands.' });

/** The design's job status: a paused job is PROCESSING, one that was cancelled or enqueued nobody ends in ERROR. */
export function jobStatus(job: JobView): BulkJobStatus {
  const { phase, cancelRequested, enqueued } = job;
  const unsettled = UNSETTLED_STATES.reduce((sum, state) => sum + job.counts[state], 0);
  return bulkJobStatus({ phase, cancelRequested, enqueued, unsettled });
}

/** The job in the path, if it is a bulk one: Bird's batches are jobs too, but `/bulk` does not know them. */
export async function readBulkJob(service: Service, db: Db, ref: JobRef): Promise<JobView> {
  const job = await service.readJob(db, ref);
  if (job.kind !== 'bulk') throw new VolleyError('not_found', 'There is no such job in this workspace.');
  return job;
}
