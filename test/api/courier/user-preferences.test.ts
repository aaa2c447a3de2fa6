import Courier from '@trycourier/courier';
import { putTopic } from '../../../src/ledger/topics';
import { fromCourierId } from '../../../src/domain/ids';
import { decide } from '../../../src/domain/gates';
import { type Database } from '../../../src/ledger/database';
import { loadDelivery } from '../../../src/ledger/delivery-context';
import { addressKey } from '../../../src/ledger/fact-keys';
import { factKeysOf, readGateFacts } from '../../../src/ledger/gate-facts';
import { readGroupFacts } from '../../../src/ledger/page-contexts';
import { createUnsubscribeStore } from '../../../src/service/link-visits';
import { type Stand } from '../framework/setup';
import { attempt } from './ledger-moves';
import { createCourierStand } from './setup';

let stand: Stand;
beforeAll(async () => {
  stand = await createCourierStand();
  await stand.database.db.transaction((tx) =>
    putTopic(tx, stand.workspaceId, {
      ...{
        id: 'news',
        name: 'Newsletter',
        sectionId: 's',
        sectionName: 'Marketing',
        defaultStatus: 'opted_out',
      },
    }),
  );
});
afterAll(() => stand.close());

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

test('all preferences are replaced at once', async () => {
  const path = '/users/u4/preferences';
  await stand.call('PUT', `${path}/old`, { body: { topic: { status: 'OPTED_OUT' } } });
  const answer = await stand.call('PUT', path, {
    body: { topics: [{ topic_id: 'news', status: 'OPTED_IN' }] },
  });
  expect(
    answer.json.items.map((item: Record<string, unknown>) => [item['topic_id'], item['status']]),
  ).toEqual([['news', 'OPTED_IN']]);
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
