import { VolleyError } from '../../src/domain/errors';
import { isUuid } from '../../src/domain/ids';
import { type Db } from '../../src/ledger/database';
import { type Service } from '../../src/service/service';
import { type JobView } from '../../src/service/views';
import { type Call, type CommandRoute, type ReadRoute } from '../route';
import { cancelBatchOperation, getBatchOperation } from './openapi-messages';
import { idFromPath, requireOwnWorkspace } from './scope';

const PATH = '/workspaces/{workspaceId}/channels/{channelId}/batch/{batchId}';

/** Volley's own: where a batch stands, in numbers. */
export function getBatchRoute(service: Service): ReadRoute {
  return {
    kind: 'read',
    method: 'get',
    path: PATH,
    auth: 'workspace',
    openapi: getBatchOperation,
    async handle(call, db) {
      return { status: 200, body: batchBody(await readBatch(service, call, db)) };
    },
  };
}

/** Volley's own: no further message of the batch is sent; those being sent end as they end. */
export function cancelBatchRoute(service: Service): CommandRoute {
  return {
    kind: 'command',
    method: 'post',
    path: `${PATH}/cancel`,
    auth: 'workspace',
    errors: ['job_final'],
    openapi: cancelBatchOperation,
    async handle(call, tx) {
      const { id: jobId, workspaceId } = await readBatch(service, call, tx);
      await service.cancelJob(tx, { workspaceId, jobId });
      return { status: 202, body: batchBody(await readBatch(service, call, tx)) };
    },
  };
}

/** The batch in the path. Throws not_found for one that is not there, or that went through another channel. */
async function readBatch(service: Service, call: Call, db: Db): Promise<JobView> {
  const workspaceId = requireOwnWorkspace(call);
  const channelId = idFromPath(call, 'channelId');
  const given = call.params['batchId'] ?? '';
  const job = isUuid(given)
    ? await service.readJob(db, { workspaceId, jobId: given.toLowerCase() })
    : undefined;
  if (!job || job.kind !== 'batch' || job.channelId !== channelId) {
    throw new VolleyError('not_found', 'No batch of this channel has this id.');
  }
  return job;
}

function batchBody(job: JobView) {
  const { counts } = job;
  const unsettled = counts.pending + counts.waiting + counts.sending;
  return {
    id: job.id,
    channelId: job.channelId,
    status: job.cancelRequested ? 'canceled' : unsettled > 0 ? 'processing' : 'completed',
    messages: job.received,
    counts: {
      accepted: counts.pending,
      processing: counts.sending,
      waiting: counts.waiting,
      sent: counts.sent,
      delivered: counts.delivered,
      delivery_failed: counts.undelivered,
      sending_failed: counts.failed + counts.uncertain,
      rejected: counts.rejected,
      skipped: counts.skipped,
      deleted: counts.canceled,
    },
    statistics: { ...job.statistics },
    createdAt: job.createdAt.toISOString(),
    completedAt: job.settledAt?.toISOString() ?? null,
  };
}
