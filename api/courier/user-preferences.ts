import { z } from 'zod';
import { VolleyError } from '../../src/domain/errors';
import { type Db } from '../../src/ledger/database';
import {
  forgetPreference,
  listPreferences,
  replacePreferences,
  setPreference,
  type UserRef,
} from '../../src/ledger/preferences';
import { type Call, type CommandRoute, type ReadRoute, type Route } from '../route';
import {
  choiceOf,
  listBody,
  listView,
  NAME_MAX_CHARS,
  topicBody,
  topicView,
  viewOf,
} from './preference-shape';
import { queryText, refuseQuery } from './query';
import { validateBody } from './validate';

const PATH = '/users/{user_id}/preferences';
const TOPIC_PATH = `${PATH}/{topic_id}`;

const EXAMPLE = { status: 'OPTED_IN', custom_routing: ['inbox', 'email'], has_custom_routing: true };
const requestParams = {
  query: z.object({
    tenant_id: z.string().optional().meta({ description: 'What is said as a member of this tenant.' }),
  }),
};
const json = (description: string, schema: z.ZodType) => ({
  description,
  content: { 'application/json': { schema } },
});
const body = (schema: z.ZodType, value: unknown) => ({
  required: true,
  content: { 'application/json': { schema, examples: { example: { value } } } },
});

const listRoute = read(PATH, 'getUserPreferences', "List a user's preferences", listView, answerList);

const topicRoute = read(
  TOPIC_PATH,
  'getUserTopicPreference',
  "Get a user's preference",
  z.object({ topic: topicView }),
  async (db, call) => {
    const [topic] = await listPreferences(db, userOf(call), topicOf(call));
    if (topic) return { topic: viewOf(topic) };
    throw new VolleyError(
      'not_found',
      'There is no such topic in this workspace, and the user said nothing of it.',
    );
  },
);

const replaceRoute: CommandRoute = {
  ...command('put', PATH),
  openapi: {
    operationId: 'replaceUserPreferences',
    summary: "Replace all of a user's preferences",
    requestParams,
    requestBody: body(listBody, { topics: [{ topic_id: 'news', ...EXAMPLE }] }),
    responses: { '200': json('The preferences as they are now.', listView) },
  },
  async handle(call, tx) {
    const { topics } = validateBody(listBody, call.body);
    const choices = new Map(topics.map((topic) => [topic.topic_id, choiceOf(topic)]));
    await replacePreferences(tx, userOf(call), choices);
    return { status: 200, body: await answerList(tx, call) };
  },
};

const setRoute: CommandRoute = {
  ...command('put', TOPIC_PATH),
  openapi: {
    operationId: 'putUserTopicPreference',
    summary: "Set a user's preference",
    requestParams,
    requestBody: body(topicBody, { topic: EXAMPLE }),
    responses: { '200': json('Kept.', z.object({ message: z.string() })) },
  },
  async handle(call, tx) {
    const { topic } = validateBody(topicBody, call.body);
    await setPreference(tx, { ...userOf(call), topicId: topicOf(call) }, choiceOf(topic));
    return { status: 200, body: { message: 'success' } };
  },
};

const forgetRoute: CommandRoute = {
  ...command('delete', TOPIC_PATH),
  openapi: {
    operationId: 'deleteUserTopicPreference',
    summary: "Forget a user's preference: the topic's default counts again",
    requestParams,
    responses: { '204': { description: 'Forgotten, or not there.' } },
  },
  async handle(call, tx) {
    await forgetPreference(tx, { ...userOf(call), topicId: topicOf(call) });
    return { status: 204 };
  },
};

/** What a user wants of each topic. Every claim after the commit of a change honours it. */
export const userPreferenceRoutes: readonly Route[] = [
  listRoute,
  topicRoute,
  replaceRoute,
  setRoute,
  forgetRoute,
];

function read(
  path: string,
  operationId: string,
  summary: string,
  schema: z.ZodType,
  answer: (db: Db, call: Call) => Promise<unknown>,
): ReadRoute {
  return {
    ...{ kind: 'read', method: 'get', path, auth: 'workspace' },
    openapi: { operationId, summary, requestParams, responses: { '200': json(summary, schema) } },
    handle: async (call, db) => ({ status: 200, body: await answer(db, call) }),
  };
}

function command(
  method: 'put' | 'delete',
  path: string,
): Pick<CommandRoute, 'kind' | 'method' | 'path' | 'auth'> {
  return { kind: 'command', method, path, auth: 'workspace' };
}

async function answerList(db: Db, call: Call): Promise<z.infer<typeof listView>> {
  return { items: (await listPreferences(db, userOf(call))).map(viewOf), paging: { more: false } };
}

function userOf(call: Call): UserRef {
  const tenantId = queryText(call.query, 'tenant_id');
  if ((tenantId?.length ?? 0) > NAME_MAX_CHARS) throw refuseQuery('tenant_id', 'longer than an id may be');
  return { workspaceId: call.workspaceId, userId: nameOf(call, 'user_id'), tenantId };
}

function topicOf(call: Call): string {
  return nameOf(call, 'topic_id');
}

function nameOf(call: Call, param: string): string {
  const name = call.params[param] ?? '';
  if (name.length >= 1 && name.length <= NAME_MAX_CHARS) return name;
  throw new VolleyError('invalid_request', 'The path is not valid.', {
    details: [{ at: param, problem: `must be 1 to ${NAME_MAX_CHARS} characters` }],
  });
}
