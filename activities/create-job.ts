import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { v5 as uuidv5, validate as isUuid } from 'uuid';
import { toCourierId } from '../src/domain/ids';
import { VolleyError } from '../src/domain/errors';
import { isLasting, sqlStateOf } from '../src/ledger/sql-state';
import { workflowIds, type LedgerActivities } from '../workflows/contract';
import { type Dependencies } from './dependencies';

/**
 * For other people's workflows: creates a bulk job from the message of Courier's `POST /bulk`, and returns once its workflow
 * runs: it can be signalled (`ingestUsers`, `run`) and awaited at once. A message that is wrong, or a workspace that is not there, fails the call
 * for good and says why.
 */
export function createCreateJob(deps: Dependencies): LedgerActivities['createJob'] {
  const { db, service, dialect } = deps;
  return async ({ workspaceId, message }) => {
    try {
      if (!isUuid(workspaceId)) throw new VolleyError('not_found', NO_WORKSPACE);
      const read = dialect.readJob(message);
      // The same call again, after a lost answer, names the same job.
      const { workflowExecution, activityId } = activityInfo();
      const jobId = uuidv5(`${workflowExecution?.runId}/${activityId}`, workspaceId);
      await db.transaction((tx) =>
        service.createBulkJob(tx, { workspaceId, ...read, guarantee: 'at_least_once', jobId }),
      );
      await deps.startJob({ jobId, workspaceId, kind: 'bulk', version: 1 });
      return { jobId: toCourierId(jobId), workflowId: workflowIds.job('bulk', jobId) };
    } catch (error) {
      if (error instanceof VolleyError) throw ApplicationFailure.nonRetryable(error.message, error.code);
      if (isLasting(error)) throw ApplicationFailure.nonRetryable(sentenceOf(error), 'invalid_request');
      throw error;
    }
  };
}

const NO_WORKSPACE = 'No workspace has this id.';
const FOREIGN_KEY = '23503';

/** Of what Postgres refuses for good: never its own words, which quote the values. */
function sentenceOf(error: unknown): string {
  return sqlStateOf(error) === FOREIGN_KEY ? NO_WORKSPACE : 'The message cannot be kept as it is.';
}
