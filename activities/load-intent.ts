import { type LedgerActivities } from '../workflows/contract';
import { findJob, holdJob, observeVersion } from '../src/ledger/jobs';
import { endPagesOf } from '../src/ledger/page-shards';
import { releaseJob } from '../src/ledger/shards';
import { progressOf, unsettledOf } from '../src/service/progress';
import { type Dependencies } from './dependencies';
import { requireJob } from './require-job';

/**
 * What is wanted of a job now, and a note that its workflow has seen it. The note is written with the reading: from here on
 * the workflow's history holds the intent, and a run that is lost before acting on it starts with a fresh reading.
 * A fresh run (not a continued one) has no shard yet: what earlier runs held becomes free.
 */
export function createLoadIntent({ db }: Pick<Dependencies, 'db'>): LedgerActivities['loadIntent'] {
  return ({ jobId, fresh, observed }) =>
    db.transaction(async (tx) => {
      if (fresh) {
        // Before its shards and messages, as everywhere: children and pages of an earlier run may be at work.
        await holdJob(tx, jobId);
        await endPagesOf(tx, jobId);
        await releaseJob(tx, jobId);
      }
      await observeVersion(tx, jobId, observed);
      const version = (await findJob(tx, jobId))?.version ?? 0;
      await observeVersion(tx, jobId, version);
      const job = await requireJob(tx, jobId);
      const generation = (await findJob(tx, jobId))?.generation ?? 0;
      return {
        version,
        phase: job.phase,
        paused: job.paused || job.suspended !== null,
        // A suspended job cannot finish: acting on its cancel would only go round and round.
        cancelRequested: job.cancelRequested && job.suspended === null,
        generation,
        unsettled: unsettledOf(job),
        progress: progressOf(job),
      };
    });
}
