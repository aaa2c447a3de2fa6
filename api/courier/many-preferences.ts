import { replacePreferences, setPreferences, type TopicChoice } from '../../src/ledger/preferences';
import { type CommandRoute, type Route } from '../route';
import { body, command, EXAMPLE, json, preferenceParams, PREFERENCES_PATH, userOf } from './preference-route';
import {
  choiceOf,
  overrideOf,
  replaceBody,
  replaceView,
  updateBody,
  updateView,
  type TopicWish,
} from './preference-shape';
import { judgeWishes } from './required-topics';
import { invalidRequest, validateBody } from './validate';

const replaceRoute: CommandRoute = {
  ...command('put', PREFERENCES_PATH),
  openapi: {
    operationId: 'replaceUserPreferences',
    summary: "Replace all of a user's preferences",
    description: 'A topic that is left out has its default again.',
    requestParams: preferenceParams,
    requestBody: body(replaceBody, { topics: [{ topic_id: 'news', ...EXAMPLE }] }),
    responses: { '200': json('All that the user said by now, and what was forgotten.', replaceView) },
  },
  async handle(call, tx) {
    const { topics } = validateBody(replaceBody, call.body);
    const user = userOf(call);
    const { choices: wishes, untouched, refused } = await judgeWishes(tx, user.workspaceId, lastOf(topics));
    if (refused.length > 0) {
      throw invalidRequest(refused.map(({ at, problem }) => ({ at: `${at}.status`, problem })));
    }
    const choices = choicesOf(wishes);
    const deleted = await replacePreferences(tx, user, choices, untouched);
    return { status: 200, body: { items: [...choices].map(overrideOf), deleted } };
  },
};

const updateRoute: CommandRoute = {
  ...command('post', PREFERENCES_PATH),
  openapi: {
    operationId: 'updateUserPreferences',
    summary: "Set several of a user's preferences",
    description: 'A topic that is left out stays as it is. One that cannot be set is told in `errors`.',
    requestParams: preferenceParams,
    requestBody: body(updateBody, { topics: [{ topic_id: 'news', ...EXAMPLE }] }),
    responses: { '200': json('What was set, and what was not.', updateView) },
  },
  async handle(call, tx) {
    const { topics } = validateBody(updateBody, call.body);
    const user = userOf(call);
    const { choices: wishes, refused } = await judgeWishes(tx, user.workspaceId, lastOf(topics));
    const choices = choicesOf(wishes);
    await setPreferences(tx, user, choices);
    const errors = refused.map(({ topic_id, problem }) => ({ topic_id, reason: problem }));
    return { status: 200, body: { items: [...choices].map(overrideOf), errors } };
  },
};

/** Several preferences of a user in one call and one commit. */
export const manyPreferenceRoutes: readonly Route[] = [replaceRoute, updateRoute];

/** Of a topic that is named twice the last one counts. `at`: where it stands in the body. */
function lastOf(topics: readonly TopicWish[]): (TopicWish & { at: string })[] {
  const placed = topics.map((topic, index) => ({ ...topic, at: `topics[${index}]` }));
  return [...new Map(placed.map((topic) => [topic.topic_id, topic])).values()];
}

function choicesOf(topics: readonly TopicWish[]): Map<string, TopicChoice> {
  return new Map(topics.map((topic) => [topic.topic_id, choiceOf(topic)]));
}
