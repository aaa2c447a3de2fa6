import { z } from 'zod';
import { fromCourierId, isUuid } from '../../src/domain/ids';
import { type MessageFilter } from '../../src/ledger/message-filter';
import { type Service } from '../../src/service/service';
import { type Call, type ReadRoute } from '../route';
import { epochMs } from '../epoch';
import { flagOf } from '../flag';
import { decodeCursor, encodeCursor, refuseCursor } from './cursor';
import { detailsBody, messageDetails } from './message-body';
import { ours } from '../ours';
import { queryList, queryText, refuseQuery } from './query';
import { isStatusName, looksOf, STATUSES } from './statuses';

const PAGE_SIZE = 100;
/** More values of one filter than anyone means; each costs an index range. */
const VALUES_MAX = 50;
const SCOPE = 'messages';

const text = (description: string) => z.string().optional().meta({ description });
const texts = (description: string) => z.array(z.string()).optional().meta({ description });

const query = z.object({
  archived: z.enum(['true', 'false']).optional().meta({ description: 'Also messages of archived requests.' }),
  cursor: text('`paging.cursor` of the page before.'),
  enqueued_after: text(
    'Enqueued then or later: ISO-8601, or an epoch of 10 or 11 digits in seconds, of 12 to 14 in ms.',
  ),
  event: text('The event that was sent.'),
  list: text('Volley has no lists yet: finds nothing.'),
  messageId: text("One message's id."),
  notification: text('The template that was sent.'),
  provider: texts('Went to one of these providers.'),
  recipient: text("The user's id."),
  status: texts(`One of these: ${STATUSES.join(', ')}.`),
  tag: texts('Has one of these tags.'),
  tags: text('The same, separated by commas.'),
  tenant_id: text('Sent in the context of this tenant.'),
  traceId: text('The id of a bulk job or send: its messages. Or the `trace_id` of their metadata.'),
});

/**
 * `GET /messages`: newest first. Lists may be repeated, bracketed, separated by commas and encoded twice, as Courier's SDKs
 * do it; an empty or absent value is no filter.
 */
export function listMessagesRoute(service: Service): ReadRoute {
  return {
    kind: 'read',
    method: 'get',
    path: '/messages',
    auth: 'workspace',
    openapi: {
      operationId: 'listMessages',
      summary: 'List messages, newest first',
      description: `Pages of ${PAGE_SIZE}. All filters that are given must hold. ${ours('Messages of a job that was not run yet are not listed.')}`,
      requestParams: { query },
      responses: {
        '200': {
          description: 'One page.',
          content: {
            'application/json': {
              schema: z.object({
                paging: z.object({ cursor: z.string().nullable(), more: z.boolean() }),
                results: z.array(messageDetails),
              }),
            },
          },
        },
      },
    },
    async handle(call, db) {
      const filter = await readFilter(call, (jobId) =>
        service.hasJob(db, { workspaceId: call.workspaceId, jobId }),
      );
      if (filter === 'nothing')
        return { status: 200, body: { paging: { cursor: null, more: false }, results: [] } };
      const { messages, next } = await service.listMessages(db, filter);
      const cursor = next ? encodeCursor(SCOPE, [next.id]) : null;
      return {
        status: 200,
        body: { paging: { cursor, more: cursor !== null }, results: messages.map(detailsBody) },
      };
    },
  };
}

/**
 * `nothing`: what was asked for cannot be, such as a status that no message of ours has. A trace id of the caller's own may look
 * like an id of ours (a UUID, AWS X-Ray's), so it is one where there is such a job and not otherwise.
 */
async function readFilter(
  { query: given, workspaceId }: Call,
  hasJob: (jobId: string) => Promise<boolean>,
): Promise<MessageFilter | 'nothing'> {
  const one = (name: string) => queryText(given, name);
  const many = (name: string) => boundedList(name, queryList(given, name));
  const statuses = many('status').map((status) => status.toUpperCase());
  if (!statuses.every(isStatusName)) throw refuseQuery('status', `one or more of ${STATUSES.join(', ')}`);
  const tags = boundedList('tags', [...new Set([...many('tag'), ...many('tags')])]);
  const providers = many('provider');
  const enqueuedAfter = readMoment(one('enqueued_after'));
  const cursor = one('cursor');
  const messageId = idOf(one('messageId'));
  const trace = one('traceId');
  const traceId = trace === undefined ? undefined : fromCourierId(trace);
  const looks = looksOf(statuses);
  if (messageId === 'none' || one('list') !== undefined || (statuses.length > 0 && looks.length === 0)) {
    return 'nothing';
  }
  const named: Readonly<Record<string, string | undefined>> = {
    ...(messageId === undefined ? {} : { messageId }),
    recipientId: one('recipient'),
    tenantId: one('tenant_id'),
    event: one('event'),
    notification: one('notification'),
    ...(traceId !== undefined && (await hasJob(traceId)) ? { jobId: traceId } : { traceId: trace }),
  };
  return {
    workspaceId,
    limit: PAGE_SIZE,
    ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)),
    ...(readArchived(one('archived')) ? {} : { archived: false }),
    ...(statuses.length > 0 ? { looks } : {}),
    ...(tags.length > 0 ? { tags } : {}),
    ...(providers.length > 0 ? { providers } : {}),
    ...(enqueuedAfter ? { enqueuedAfter } : {}),
    ...(cursor === undefined ? {} : { after: { id: placeOf(cursor) } }),
  };
}

function boundedList(name: string, values: readonly string[]): readonly string[] {
  if (values.length <= VALUES_MAX) return values;
  throw refuseQuery(name, `${values.length} values; give at most ${VALUES_MAX}`);
}

function idOf(given: string | undefined): string | undefined {
  return given === undefined ? undefined : (fromCourierId(given) ?? 'none');
}

function readArchived(given: string | undefined): boolean {
  const archived = given === undefined ? false : flagOf(given);
  if (archived === undefined) throw refuseQuery('archived', 'true or false');
  return archived;
}

const ISO = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$/;

/** A plus sign that nobody encoded arrives as a space: it can only have been the offset's. */
function readMoment(given: string | undefined): Date | undefined {
  if (given === undefined) return undefined;
  const text = given.replace(/ (\d{2}:?\d{2})$/, '+$1');
  const moment = new Date(epochMs(text) ?? (ISO.test(text) ? Date.parse(text) : Number.NaN));
  if (!Number.isNaN(moment.getTime()) && moment.getTime() >= 0) return moment;
  throw refuseQuery(
    'enqueued_after',
    'a moment: ISO-8601, such as 2025-06-22T23:40:44Z, or an epoch in seconds or ms',
  );
}

function placeOf(cursor: string): string {
  const [id] = decodeCursor(SCOPE, cursor);
  if (typeof id === 'string' && isUuid(id)) return id;
  throw refuseCursor();
}
