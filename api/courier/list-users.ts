import { z } from 'zod';
import { toCourierId } from '../../src/domain/ids';
import { bulkItemStatus } from '../../src/domain/outward';
import { type Service } from '../../src/service/service';
import { type ItemView } from '../../src/service/views';
import { type ReadRoute } from '../route';
import { decodeCursor, encodeCursor, refuseCursor } from './cursor';
import { readBulkJob } from './job-status';
import { jobIdText, messageIdText } from './openapi-parts';
import { jobInPath } from './path-ids';
import { queryText } from './query';
import { inboundUser } from './user-schema';

const PAGE_SIZE = 100;
const BEFORE_THE_FIRST = -1;
/** What a page can begin after: ordinals are integers of 32 bits. */
const LAST_ORDINAL = 2 ** 31 - 1 - 2 * PAGE_SIZE;

const SEED_RESPONSE = {
  items: [
    {
      profile: { email: 'foo@courier.com' },
      data: { recipientName: 'Foo' },
      recipient: 'foo',
      messageId: '1-61e9dd7d-13c08339357603322c433d55',
      status: 'ENQUEUED',
    },
    {
      profile: { email: 'bar@courier.com' },
      data: { recipientName: 'Bar' },
      recipient: 'bar',
      status: 'PENDING',
    },
  ],
  paging: { cursor: 'cursor', more: true },
};

const item = inboundUser
  .extend({
    status: z.enum(['PENDING', 'ENQUEUED', 'ERROR']),
    messageId: messageIdText.optional(),
  })
  .meta({
    id: 'BulkJobUser',
    description: 'The user as sent; `messageId` once the item is no longer PENDING.',
  });

const page = z
  .object({
    items: z.array(item),
    paging: z.object({
      cursor: z.string().nullable().meta({ description: 'Where the next page begins; null at the end.' }),
      more: z.boolean(),
    }),
  })
  .meta({ id: 'BulkJobUsers' });

/** `GET /bulk/{jobId}/users`: in the order of ingestion, which a running job does not change. */
export function listUsersRoute(service: Service): ReadRoute {
  return {
    kind: 'read',
    method: 'get',
    path: '/bulk/{jobId}/users',
    auth: 'workspace',
    openapi: {
      operationId: 'listBulkUsers',
      summary: 'List the users of a bulk job',
      description: `Pages of ${PAGE_SIZE}, in the order in which the users were added.`,
      requestParams: {
        path: z.object({ jobId: jobIdText }),
        query: z.object({
          cursor: z.string().optional().meta({ description: '`paging.cursor` of the page before.' }),
        }),
      },
      responses: {
        '200': {
          description: 'One page.',
          content: {
            'application/json': {
              schema: page,
              examples: { page: { summary: 'A page of a running job', value: SEED_RESPONSE } },
            },
          },
        },
      },
    },
    async handle(call, db) {
      const ref = jobInPath(call);
      const scope = `users/${ref.jobId}`;
      const afterOrdinal = placeOf(scope, queryText(call.query, 'cursor'));
      await readBulkJob(service, db, ref);
      const { items, nextOrdinal } = await service.listItems(db, { ...ref, afterOrdinal, limit: PAGE_SIZE });
      const cursor = nextOrdinal === null ? null : encodeCursor(scope, [nextOrdinal]);
      return { status: 200, body: { items: items.map(itemBody), paging: { cursor, more: cursor !== null } } };
    },
  };
}

function placeOf(scope: string, cursor: string | undefined): number {
  if (cursor === undefined) return BEFORE_THE_FIRST;
  const [ordinal] = decodeCursor(scope, cursor);
  if (Number.isInteger(ordinal) && Number(ordinal) >= 0 && Number(ordinal) <= LAST_ORDINAL)
    return Number(ordinal);
  throw refuseCursor();
}

/** A user's own `status` or `messageId`, if one was ever sent, gives way to ours. */
function itemBody(view: ItemView): unknown {
  const { messageId: _theirs, ...echo } = view.echo as Readonly<Record<string, unknown>>;
  const status = bulkItemStatus(view);
  return { ...echo, ...(status === 'PENDING' ? {} : { messageId: toCourierId(view.messageId) }), status };
}
