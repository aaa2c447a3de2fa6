import { z } from 'zod';
import { VolleyError } from '../../src/domain/errors';
import { type Db } from '../../src/ledger/database';
import { forgetPreference, listPreferences, setPreference } from '../../src/ledger/preferences';
import { type Call, type CommandRoute, type ReadRoute, type Route } from '../route';
import {
  body,
  command,
  EXAMPLE,
  json,
  preferenceParams,
  PREFERENCES_PATH,
  topicOf,
  userOf,
} from './preference-route';
import { choiceOf, listView, topicBody, topicView, viewOf } from './preference-shape';
import { judgeWishes } from './required-topics';
import { manyPreferenceRoutes } from './many-preferences';
import { invalidRequest, validateBody } from './validate';

const TOPIC_PATH = `${PREFERENCES_PATH}/{topic_id}`;

const listRoute = read(
  PREFERENCES_PATH,
  'getUserPreferences',
  "List a user's preferences",
  listView,
  async (db, call) => ({
    items: (await listPreferences(db, userOf(call))).map(viewOf),
    paging: { more: false },
  }),
);

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

const setRoute: CommandRoute = {
  ...command('put', TOPIC_PATH),
  openapi: {
    operationId: 'putUserTopicPreference',
    summary: "Set a user's preference",
    requestParams: preferenceParams,
    requestBody: body(topicBody, { topic: EXAMPLE }),
    responses: { '200': json('Kept.', z.object({ message: z.string() })) },
  },
  async handle(call, tx) {
    const { topic } = validateBody(topicBody, call.body);
    const [user, topicId] = [userOf(call), topicOf(call)];
    const { untouched, refused } = await judgeWishes(tx, user.workspaceId, [{ ...topic, topic_id: topicId }]);
    // SDK 7 types REQUIRED here: of another topic it is an opt-in.
    const optOuts = refused.filter(({ status }) => status === 'OPTED_OUT');
    if (optOuts.length > 0)
      throw invalidRequest(optOuts.map(({ problem }) => ({ at: 'topic.status', problem })));
    if (untouched.length === 0) await setPreference(tx, { ...user, topicId }, choiceOf(topic));
    return { status: 200, body: { message: 'success' } };
  },
};

const forgetRoute: CommandRoute = {
  ...command('delete', TOPIC_PATH),
  openapi: {
    operationId: 'deleteUserTopicPreference',
    summary: "Forget a user's preference: the topic's default counts again",
    requestParams: preferenceParams,
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
  ...manyPreferenceRoutes,
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
    openapi: {
      ...{ operationId, summary, requestParams: preferenceParams },
      responses: { '200': json(summary, schema) },
    },
    handle: async (call, db) => ({ status: 200, body: await answer(db, call) }),
  };
}
