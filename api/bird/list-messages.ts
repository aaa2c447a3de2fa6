import { VolleyError } from '../../src/domain/errors';
import { isUuid } from '../../src/domain/ids';
import { type Db } from '../../src/ledger/database';
import { type Service } from '../../src/service/service';
import { type Call, type ReadRoute, type Reply } from '../route';
import { type ListQuery, readListQuery } from './list-query';
import { toBirdMessage } from './message-shape';
import { listMessagesOperation } from './openapi';
import { writePageToken } from './page-token';
import { idFromPath, requireOwnWorkspace } from './scope';
import { looksOf } from './status-filter';

/** A hundred messages of a hundred kilobytes are ten megabytes: a page never holds more, whatever the limit. */
const PAGE_MAX = 100;

type Scope = 'channel' | 'workspace';

/** The messages of a channel, or of the whole workspace, newest first; oldest first with `reverse`. */
export function listMessagesRoute(service: Service, scope: Scope): ReadRoute {
  const prefix = scope === 'channel' ? '/channels/{channelId}' : '';
  return {
    kind: 'read',
    method: 'get',
    path: `/workspaces/{workspaceId}${prefix}/messages`,
    auth: 'workspace',
    openapi: listMessagesOperation(scope),
    handle: (call, db) => listMessages(service, scope, call, db),
  };
}

async function listMessages(service: Service, scope: Scope, call: Call, db: Db): Promise<Reply> {
  const workspaceId = requireOwnWorkspace(call);
  const channelId = scope === 'channel' ? idFromPath(call, 'channelId') : undefined;
  if (channelId !== undefined) await service.requireChannel(db, { workspaceId, channelId });
  const query = readListQuery(call);
  const batch = query.batchId === undefined ? undefined : await requireBatch(query.batchId);
  if (query.incoming) return { status: 200, body: { results: [] } };
  const page = await service.listMessages(db, {
    workspaceId,
    ...(channelId === undefined ? {} : { channelId }),
    ...(batch === undefined ? {} : { jobId: batch }),
    ...filterOf(query),
  });
  const nextPageToken = page.next ? writePageToken(page.next) : undefined;
  return {
    status: 200,
    body: { results: page.messages.map(toBirdMessage), ...(nextPageToken ? { nextPageToken } : {}) },
  };

  /** Throws not_found for a batch that is not there, or that went through another channel. */
  async function requireBatch(given: string): Promise<string> {
    const job = isUuid(given)
      ? await service.readJob(db, { workspaceId, jobId: given.toLowerCase() })
      : undefined;
    if (!job || (channelId !== undefined && job.channelId !== channelId)) {
      throw new VolleyError(
        'not_found',
        'No batch of this channel has this id: use the id that the batch call gave.',
      );
    }
    return job.id;
  }
}

function filterOf({ limit, campaign, statuses, startAt, endAt, after, oldestFirst }: ListQuery) {
  return {
    limit: Math.min(limit, PAGE_MAX),
    ...(campaign === undefined ? {} : { traceId: campaign }),
    ...(statuses.length ? { looks: looksOf(statuses) } : {}),
    ...(oldestFirst ? { oldestFirst } : {}),
    ...(startAt ? { startAt } : {}),
    ...(endAt ? { endAt } : {}),
    ...(after ? { after } : {}),
  };
}
