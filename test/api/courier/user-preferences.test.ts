import Courier from '@trycourier/courier';
import { putTopic } from '../../../src/ledger/topics';
import { type Stand } from '../framework/setup';
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
