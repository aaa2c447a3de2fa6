import { z } from 'zod';
import { VolleyError } from '../../src/domain/errors';
import { PREFERENCE_STATUSES } from '../../src/domain/preferences';
import { getTopic, putTopic } from '../../src/ledger/topics';
import { TOPIC_MAX_BYTES } from '../../src/links/payloads';
import { parseBody } from '../middleware/validation';
import { type Call, type CommandRoute, type ReadRoute } from '../route';
import { json, jsonBody, label, timestamp, workspacePath } from './openapi-parts';

const PATH = '/v1/workspaces/{workspaceId}/topics/{topicId}';
/** As long as Courier's door takes one. */
const ID_MAX_CHARS = 256;

const sectionId = z.string().min(1).max(ID_MAX_CHARS);
const defaultStatus = z.enum(PREFERENCE_STATUSES).meta({
  description:
    'For those who said nothing. `opted_out`: only who opted in gets it. `required`: nobody can opt out of it.',
});
const bodySchema = z.strictObject({
  name: label,
  defaultStatus,
  sectionId: sectionId.nullish(),
  sectionName: label.nullish(),
});
const topicSchema = z
  .object({
    ...{ id: z.string(), name: z.string(), defaultStatus },
    ...{ sectionId: sectionId.nullable(), sectionName: z.string().nullable() },
    ...{ createdAt: timestamp, updatedAt: timestamp },
  })
  .meta({ id: 'Topic' });
const requestParams = { path: workspacePath.extend({ topicId: z.string().min(1).max(ID_MAX_CHARS) }) };

export const readTopicRoute: ReadRoute = {
  ...{ kind: 'read', method: 'get', path: PATH, auth: 'workspace' },
  openapi: {
    operationId: 'getTopic',
    summary: 'Get a subscription topic',
    requestParams,
    responses: { '200': json('The topic.', topicSchema) },
  },
  async handle(call, db) {
    const topic = await getTopic(db, call.workspaceId, topicIdOf(call));
    if (!topic) throw new VolleyError('not_found', 'There is no such topic in this workspace.');
    return { status: 200, body: topic };
  },
};

export const putTopicRoute: CommandRoute = {
  ...{ kind: 'command', method: 'put', path: PATH, auth: 'workspace' },
  openapi: {
    operationId: 'putTopic',
    summary: 'Create or replace a subscription topic',
    description: `The id of a new one has ${TOPIC_MAX_BYTES} bytes at most.`,
    requestParams,
    requestBody: jsonBody(bodySchema, { name: 'Newsletter', defaultStatus: 'opted_in' }),
    responses: { '200': json('The topic as it is now.', topicSchema) },
  },
  async handle(call, tx) {
    const { sectionId: section = null, sectionName = null, ...rest } = parseBody(bodySchema, call.body);
    const id = topicIdOf(call);
    // A longer one would be unsubscribed from by unsubscribing from everything; those that are there already stay.
    if (Buffer.byteLength(id) > TOPIC_MAX_BYTES && !(await getTopic(tx, call.workspaceId, id))) {
      throw refuseId(`The id of a new topic has ${TOPIC_MAX_BYTES} bytes at most.`);
    }
    await putTopic(tx, call.workspaceId, { id, ...rest, sectionId: section, sectionName });
    return { status: 200, body: await getTopic(tx, call.workspaceId, id) };
  },
};

function topicIdOf(call: Call): string {
  const id = call.params['topicId'] ?? '';
  if (id.length <= ID_MAX_CHARS) return id;
  throw refuseId('The id of a topic has 256 characters at most.');
}

function refuseId(problem: string): VolleyError {
  return new VolleyError('invalid_request', problem, { details: [{ at: 'topicId', problem }] });
}
