import { bulkJobStatus } from '../domain/outward';
import { type JobView } from './views';

/** Messages that are neither settled nor given up: while there is one, the job goes on. */
export function unsettledOf(job: Pick<JobView, 'counts'>): number {
  return job.counts.pending + job.counts.waiting + job.counts.sending;
}

/** A job's counts in the seed's words. */
export function progressOf(job: JobView): {
  status: ReturnType<typeof bulkJobStatus>;
  received: number;
  enqueued: number;
  failures: number;
} {
  return {
    status: bulkJobStatus({
      phase: job.phase,
      cancelRequested: job.cancelRequested,
      unsettled: unsettledOf(job),
      enqueued: job.enqueued,
    }),
    received: job.received,
    enqueued: job.enqueued,
    failures: job.failures,
  };
}
