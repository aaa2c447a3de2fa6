import Courier from '@trycourier/courier';
import { setPreference, type TopicChoice } from '../../../src/ledger/preferences';
import { putTopic, type Topic } from '../../../src/ledger/topics';
import { fromCourierId } from '../../../src/domain/ids';
import { decide } from '../../../src/domain/gates';
import { type Database } from '../../../src/ledger/database';
import { loadDelivery } from '../../../src/ledger/delivery-context';
import { addressKey, userKey } from '../../../src/ledger/fact-keys';
import { factKeysOf, readGateFacts } from '../../../src/ledger/gate-facts';
import { readGroupFacts } from '../../../src/ledger/page-contexts';
import { createUnsubscribeStore } from '../../../src/service/link-visits';
import { type Stand } from '../framework/setup';
import { attempt } from './ledger-moves';
import { createCourierStand } from './setup';

let stand: Stand;
beforeAll(async () => {
  stand = await createCourierStand();
  await addTopic({ id: 'news', name: 'Newsletter', defaultStatus: 'opted_out' });
});
afterAll(() => stand.close());

function addTopic(topic: Pick<Topic, 'id' | 'name' | 'defaultStatus'>): Promise<void> {
  const section = { sectionId: 's', sectionName: 'Marketing' };
  return stand.database.db.transaction((tx) => putTopic(tx, stand.workspaceId, { ...section, ...topic }));
}
const RECEIPTS = { id: 'receipts', name: 'Receipts', defaultStatus: 'required' } as const;

const CHOICE = { status: 'OPTED_IN', custom_routing: ['inbox', 'direct_message'], has_custom_routing: true };
const NEWS = { topic_id: 'news', topic_name: 'Newsletter', default_status: 'OPTED_OUT' };

test("Courier's SDK writes a preference, reads it back, and the list has every topic", async () => {
  const { preferences } = new Courier({ apiKey: stand.key, baseURL: stand.url }).users;
  expect((await preferences.retrieve('u1')).items).toMatchObject([{ ...NEWS, status: 'OPTED_OUT' }]);
  await preferences.updateOrCreateTopic('news', {
    user_id: 'u1',
    topic: { status: 'OPTED_IN', custom_routing: ['inbox', 'direct_message'], has_custom_routing: true },
  });
  expect((await preferences.retrieveTopic('news', { user_id: 'u1' })).topic).toMatchObject({
    ...NEWS,
    ...CHOICE,
  });
  const list = await preferences.retrieve('u1');
  expect(list.items).toMatchObject([{ ...NEWS, ...CHOICE }]);
  expect(list.paging.more).toBe(false);
});

test('what was said as a member of a tenant comes before what was said in general', async () => {
  const path = '/users/u2/preferences/news';
  await stand.call('PUT', path, { body: { topic: { status: 'OPTED_IN' } } });
  await stand.call('PUT', `${path}?tenant_id=t1`, { body: { topic: { status: 'OPTED_OUT' } } });
  const status = async (query: string) =>
    (await stand.call('GET', path + query)).json.topic.status as unknown;
  expect([await status(''), await status('?tenant_id=t1'), await status('?tenant_id=t2')]).toEqual([
    ...['OPTED_IN', 'OPTED_OUT', 'OPTED_IN'],
  ]);
});

test('a forgotten preference gives way to the default, and to nothing where there is no topic', async () => {
  for (const topic of ['news', 'unheard-of']) {
    await stand.call('PUT', `/users/u3/preferences/${topic}`, { body: { topic: { status: 'OPTED_IN' } } });
    expect((await stand.call('DELETE', `/users/u3/preferences/${topic}`)).status).toBe(204);
  }
  expect((await stand.call('GET', '/users/u3/preferences/news')).json.topic.status).toBe('OPTED_OUT');
  const gone = await stand.call('GET', '/users/u3/preferences/unheard-of');
  expect([gone.status, gone.json.type]).toEqual([404, 'invalid_request_error']);
});

const topic = (topic_id: string, status: string, more: object = {}) => ({ topic_id, status, ...more });
const override = (topic_id: string, status: string, custom_routing: string[] = []) => ({
  ...{ topic_id, status, custom_routing, has_custom_routing: custom_routing.length > 0 },
});
const saidBy = async (path: string): Promise<[string, string][]> =>
  (await stand.call('GET', path)).json.items.map((item: { topic_id: string; status: string }) => [
    ...[item.topic_id, item.status],
  ]);

test('all preferences are replaced at once: the answer is what holds, and which were forgotten', async () => {
  const path = '/users/u4/preferences';
  for (const id of ['old', 'older', 'kept']) {
    await stand.call('PUT', `${path}/${id}`, { body: { topic: { status: 'OPTED_OUT' } } });
  }
  await stand.call('PUT', `${path}/old?tenant_id=t1`, { body: { topic: { status: 'OPTED_OUT' } } });
  const routed = { custom_routing: ['sms', 'direct_message'], has_custom_routing: true };
  const answer = await stand.call('PUT', path, {
    body: { topics: [topic('kept', 'OPTED_OUT'), topic('offers', 'OPTED_IN', routed)] },
  });
  expect([answer.status, answer.json]).toEqual([
    200,
    {
      items: [override('kept', 'OPTED_OUT'), override('offers', 'OPTED_IN', routed.custom_routing)],
      deleted: ['old', 'older'],
    },
  ]);
  expect(await saidBy(path)).toEqual([
    ['kept', 'OPTED_OUT'],
    ['news', 'OPTED_OUT'],
    ['offers', 'OPTED_IN'],
  ]);
  const none = await stand.call('PUT', path, { body: { topics: [] } });
  expect(none.json).toEqual({ items: [], deleted: ['kept', 'offers'] });
  expect(await saidBy(`${path}?tenant_id=t1`)).toContainEqual(['old', 'OPTED_OUT']);
});

describe('several preferences set by POST', () => {
  const post = (user: string, topics: unknown, headers = {}) =>
    stand.call('POST', `/users/${user}/preferences`, { body: { topics }, headers });
  const versionOf = async (user: string) => {
    const key = userKey(stand.workspaceId, user);
    const [row] = await stand.database.db.query<{ version: string }>(
      'select version from recipient_facts where key = $1',
      [key],
    );
    return Number(row?.version ?? 0);
  };

  test('leave the others as they were, and are told back; of a topic named twice the last counts', async () => {
    const path = '/users/u7/preferences';
    await stand.call('PUT', `${path}/other`, { body: { topic: { status: 'OPTED_OUT' } } });
    const sms = { custom_routing: ['sms'], has_custom_routing: true };
    const topics = [topic('b', 'OPTED_IN'), topic('a', 'OPTED_IN', sms), topic('b', 'OPTED_OUT')];
    const { status, json } = await post('u7', topics);
    expect([status, json]).toEqual([
      200,
      { items: [override('b', 'OPTED_OUT'), override('a', 'OPTED_IN', ['sms'])], errors: [] },
    ]);
    expect(await saidBy(path)).toEqual([
      ...[
        ['a', 'OPTED_IN'],
        ['b', 'OPTED_OUT'],
        ['news', 'OPTED_OUT'],
        ['other', 'OPTED_OUT'],
      ],
    ]);
  });

  test('are said as a member of the tenant that the query names', async () => {
    await stand.call('POST', '/users/u8/preferences?tenant_id=t1', {
      body: { topics: [topic('news', 'OPTED_IN')] },
    });
    expect(await saidBy('/users/u8/preferences')).toEqual([['news', 'OPTED_OUT']]);
    expect(await saidBy('/users/u8/preferences?tenant_id=t1')).toEqual([['news', 'OPTED_IN']]);
  });

  test('are one change for every claim, and none where nothing could be set', async () => {
    await addTopic(RECEIPTS);
    const before = await versionOf('u9');
    await post('u9', [topic('a', 'OPTED_IN'), topic('b', 'OPTED_OUT')]);
    const after = await versionOf('u9');
    expect(after).toBe(before + 1);
    await post('u9', [topic('receipts', 'OPTED_OUT')]);
    expect(await versionOf('u9')).toBe(after);
  });

  test('are 1 to 50', async () => {
    const many = (n: number) => Array.from({ length: n }, (_, k) => topic(`t-${k}`, 'OPTED_IN'));
    expect((await post('u10', many(50))).json.items).toHaveLength(50);
    for (const topics of [[], many(51), undefined, 'x', Array(200_000).fill(1)]) {
      const { status, json } = await post('u10', topics);
      expect([status, json.type]).toEqual([400, 'invalid_request_error']);
      expect(json.message).toContain('topics: ');
      expect(json.message).not.toMatch(/and \d{3,} more/);
    }
  });
});

describe('nobody opts out of a topic that is REQUIRED by default', () => {
  const opted = (status: string) => [topic('news', 'OPTED_IN'), topic('receipts', status)];
  const path = '/users/u11/preferences';
  beforeAll(() => addTopic(RECEIPTS));

  test.each([
    ['/receipts', { topic: { status: 'OPTED_OUT' } }, 'topic.status: '],
    ['', { topics: opted('OPTED_OUT') }, 'topics[1].status: '],
  ])('PUT …/preferences%s is refused, and nothing is written', async (more, body, at) => {
    const { status, json } = await stand.call('PUT', path + more, { body });
    expect([status, json.type]).toEqual([400, 'invalid_request_error']);
    expect(json.message).toContain(`${at}nobody can opt out`);
    expect(await saidBy(path)).toEqual([
      ['news', 'OPTED_OUT'],
      ['receipts', 'REQUIRED'],
    ]);
  });

  test('POST tells it of the topic, and sets the others', async () => {
    const { status, json } = await stand.call('POST', path, { body: { topics: opted('OPTED_OUT') } });
    expect([status, json]).toEqual([
      200,
      {
        items: [override('news', 'OPTED_IN')],
        errors: [{ topic_id: 'receipts', reason: expect.stringContaining('nobody can opt out') }],
      },
    ]);
  });

  test('its channels may still be chosen', async () => {
    const body = { topic: { status: 'OPTED_IN', custom_routing: ['sms'], has_custom_routing: true } };
    expect((await stand.call('PUT', `${path}/receipts`, { body })).status).toBe(200);
    expect((await stand.call('POST', path, { body: { topics: opted('OPTED_IN') } })).json.errors).toEqual([]);
  });

  test('of a topic that is named twice the last one is judged', async () => {
    const topics = [topic('receipts', 'OPTED_OUT'), topic('receipts', 'OPTED_IN')];
    const { status, json } = await stand.call('PUT', '/users/u12/preferences', { body: { topics } });
    expect([status, json.items]).toEqual([200, [override('receipts', 'OPTED_IN')]]);
  });
});

describe('REQUIRED, which is what a topic is by default and no choice of a user’s', () => {
  const sms = { channels: ['sms'], hasChannels: true } as const;
  const store = async (userId: string, status: TopicChoice['status'], more = {}) => {
    const ref = { workspaceId: stand.workspaceId, userId, topicId: 'receipts' };
    const choice = { status, channels: null, hasChannels: false, ...more };
    await stand.database.db.transaction((tx) => setPreference(tx, ref, choice));
  };
  const stored = async (userId: string) => {
    const said = await stand.database.db.query<{ topic_id: string; status: string }>(
      'select topic_id, status from preferences where workspace_id = $1 and user_id = $2 order by topic_id',
      [stand.workspaceId, userId],
    );
    return said.map(({ topic_id, status }) => [topic_id, status]);
  };
  beforeAll(() => addTopic(RECEIPTS));

  test.each(['PUT', 'POST'])(
    'goes back by %s as it was read, and nothing is written for it',
    async (method) => {
      const path = `/users/back-${method}/preferences`;
      const { items } = (await stand.call('GET', path)).json;
      expect(items).toContainEqual(expect.objectContaining({ topic_id: 'receipts', status: 'REQUIRED' }));
      const { status, json } = await stand.call(method, path, { body: { topics: items } });
      expect([status, json.items]).toEqual([200, [override('news', 'OPTED_OUT')]]);
      expect(await stored(`back-${method}`)).toEqual([['news', 'opted_out']]);
    },
  );

  test.each<[TopicChoice['status'], object]>([
    ['opted_out', {}],
    ['opted_out', sms],
    ['required', sms],
  ])('is what somebody has of it whose %s is from before, who keeps that: %j', async (said, more) => {
    const user = `before-${said}-${Object.keys(more).length}`;
    await store(user, said, more);
    const path = `/users/${user}/preferences`;
    const { items } = (await stand.call('GET', path)).json;
    expect(await saidBy(path)).toContainEqual(['receipts', 'REQUIRED']);
    for (const method of ['PUT', 'POST']) {
      const { status, json } = await stand.call(method, path, { body: { topics: items } });
      expect([status, json.deleted ?? []]).toEqual([200, []]);
    }
    const [one] = items.filter(({ topic_id }: { topic_id: string }) => topic_id === 'receipts');
    expect((await stand.call('PUT', `${path}/receipts`, { body: { topic: one } })).status).toBe(200);
    expect(await stored(user)).toContainEqual(['receipts', said]);
  });

  test('is refused of a topic that is not, where several are set', async () => {
    const body = { topics: [topic('offers', 'OPTED_IN'), topic('news', 'REQUIRED')] };
    const put = await stand.call('PUT', '/users/u13/preferences', { body });
    expect([put.status, put.json.message]).toEqual([400, expect.stringContaining('topics[1].status: ')]);
    const post = await stand.call('POST', '/users/u13/preferences', { body });
    expect([post.status, post.json]).toEqual([
      200,
      {
        items: [override('offers', 'OPTED_IN')],
        errors: [{ topic_id: 'news', reason: expect.stringContaining('no choice') }],
      },
    ]);
  });

  test('is an opt-in of such a topic where one is set, as SDK 7 types it', async () => {
    const path = '/users/u14/preferences/news';
    expect((await stand.call('PUT', path, { body: { topic: { status: 'REQUIRED' } } })).status).toBe(200);
    expect((await stand.call('GET', path)).json.topic.status).toBe('OPTED_IN');
    expect(await stored('u14')).toEqual([['news', 'opted_in']]);
  });
});

test.each([
  [{ topic: { status: 'MAYBE' } }, 'topic.status'],
  [{ topic: { status: 'OPTED_IN', custom_routing: ['pigeon'] } }, 'topic.custom_routing'],
  [{}, 'topic'],
])('%j is refused by name', async (body, at) => {
  const answer = await stand.call('PUT', '/users/u5/preferences/news', { body });
  expect([answer.status, answer.json.type]).toEqual([400, 'invalid_request_error']);
  expect(answer.json.message).toContain(at);
});

test("another workspace's preferences are not to be seen", async () => {
  const other = await createCourierStand();
  try {
    expect((await other.call('GET', '/users/u1/preferences')).json.items).toEqual([]);
  } finally {
    await other.close();
  }
});

describe('what was said as a member of a tenant holds for messages in its name', () => {
  const TO = { user_id: 'u6', email: 'u6@x.example' };
  const BY_CONTEXT = { to: TO, context: { tenant_id: 'acme' } };
  const set = (status: string, query = '?tenant_id=acme') =>
    stand.call('PUT', `/users/u6/preferences/news${query}`, { body: { topic: { status } } });
  const send = async (message: object): Promise<string> => {
    const about = { preferences: { subscription_topic_id: 'news' }, content: { title: 't', body: 'b' } };
    const { json } = await stand.call('POST', '/send', { body: { message: { ...about, ...message } } });
    return fromCourierId(json.requestId) ?? '';
  };
  /** What the gates of either lane say. */
  async function gates(db: Database, messageId: string) {
    const message = await loadDelivery(db, messageId);
    if (!message) throw new Error('no such message');
    const routes = [{ kind: 'email', channelId: stand.workspaceId, address: TO.email } as const];
    const input = { messageId, message, routes, first: 0 };
    const alone = await readGateFacts(db, input);
    const [grouped] = await readGroupFacts(db, [{ input, keys: factKeysOf(input) }]);
    return [alone, grouped].map((read) => read && decide(read.facts));
  }
  const OPTED_OUT = { type: 'skip', reason: 'opted_out' };

  test.each([
    ['to.tenant_id', { to: { ...TO, tenant_id: 'acme' } }],
    ['to.account_id', { to: { ...TO, account_id: 'acme' } }],
    ['context.tenant_id', BY_CONTEXT],
  ])('named by %s, in either lane', async (_name, message) => {
    await set('OPTED_IN', '');
    await set('OPTED_OUT');
    expect(await gates(stand.database.db, await send(message))).toEqual([OPTED_OUT, OPTED_OUT]);
    const [general] = await gates(stand.database.db, await send({ to: TO }));
    expect(general).toMatchObject({ type: 'go' });
  });

  test('and an unsubscription by the link of such a message is said as a member of it', async () => {
    const { db } = stand.database;
    await set('OPTED_IN');
    const messageId = await send(BY_CONTEXT);
    await attempt(db, messageId);
    const { workspaceId } = stand;
    const identity = addressKey(workspaceId, 'email', TO.email);
    await createUnsubscribeStore(db).unsubscribe(
      { workspaceId, messageId, topic: 'news', identity },
      'one_click',
    );
    expect(await gates(db, await send(BY_CONTEXT))).toEqual([OPTED_OUT, OPTED_OUT]);
  });
});
