import { z } from 'zod';
import { type Service } from '../../src/service/service';
import { type ReadRoute } from '../route';
import { readReleased } from './get-message';
import { HISTORY_FILTERS, historyOf, HISTORY_TYPES } from './history';
import { ours } from '../ours';
import { messageIdText } from './openapi-parts';
import { messageInPath } from './path-ids';
import { queryText, refuseQuery } from './query';

const entry = z
  .object({
    ts: z.int().meta({ description: 'When, in ms since 1970.' }),
    type: z.enum(HISTORY_TYPES),
    reason: z.string().optional(),
    error_message: z.string().optional().meta({ description: 'The reason in words; never an address.' }),
    channel: z.object({ id: z.string(), key: z.string() }).optional(),
    integration: z.object({ id: z.string(), provider: z.string() }).optional(),
    attempt: z
      .int()
      .optional()
      .meta({ description: ours('1 for the first call to a provider.') }),
    possible_duplicate: z
      .boolean()
      .optional()
      .meta({ description: ours('The call before may have been taken, and this one repeats it.') }),
    wait_reason: z
      .string()
      .optional()
      .meta({ description: ours('Why the message waits.') }),
  })
  .meta({ id: 'MessageHistoryEntry' });

/** `GET /messages/{messageId}/history`: the timeline in Courier's words, oldest first; `?type=` picks one type. */
export function getHistoryRoute(service: Service): ReadRoute {
  return {
    kind: 'read',
    method: 'get',
    path: '/messages/{messageId}/history',
    auth: 'workspace',
    openapi: {
      operationId: 'getMessageHistory',
      summary: "Get a message's history",
      requestParams: {
        path: z.object({ messageId: messageIdText }),
        query: z.object({ type: z.enum(HISTORY_FILTERS).optional() }),
      },
      responses: {
        '200': {
          description: 'What happened to the message.',
          content: { 'application/json': { schema: z.object({ results: z.array(entry) }) } },
        },
      },
    },
    async handle(call, db) {
      const type = queryText(call.query, 'type');
      if (type !== undefined && !(HISTORY_FILTERS as readonly string[]).includes(type)) {
        throw refuseQuery('type', `one of ${HISTORY_FILTERS.join(', ')}`);
      }
      const message = await readReleased(service, call, db);
      const history = historyOf(message, await service.readTimeline(db, messageInPath(call)));
      const results = history.filter((fact) => type === undefined || fact.type === type);
      return { status: 200, body: { results } };
    },
  };
}
