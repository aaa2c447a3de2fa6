import { putTopic } from '../../../src/ledger/topics';
import { type Stand } from '../framework/setup';
import { createV1Stand } from './setup';

let stand: Stand;
beforeAll(async () => {
  stand = await createV1Stand();
});
afterAll(() => stand.close());

const at = (path: string): string => `/v1/workspaces/${stand.workspaceId}${path}`;

describe('settings', () => {
  test('have defaults, change part by part, and go back by null', async () => {
    expect((await stand.call('GET', at('/settings'))).json).toMatchObject({
      ...{ cap: { count: 1, periodDays: 1 }, holdoutPercent: 0, quietHours: null, deliveryWindow: null },
    });
    const quietHours = { start: '21:00', end: '08:00', days: ['Sa'], zone: 'Europe/Amsterdam' };
    await stand.call('PATCH', at('/settings'), { body: { quietHours } });
    const changed = await stand.call('PATCH', at('/settings'), {
      body: { holdoutPercent: 2.5, deliveryWindow: { hours: 'Mo-Fr 08:00-18:00' } },
    });
    expect(changed.json).toMatchObject({ quietHours, holdoutPercent: 2.5 });
    const back = await stand.call('PATCH', at('/settings'), {
      body: { quietHours: null, deliveryWindow: null },
    });
    expect(back.json).toMatchObject({ quietHours: null, deliveryWindow: null, holdoutPercent: 2.5 });
  });

  test('take every kind and every day', async () => {
    const routingOrder = ['webhook', 'inbox', 'chat', 'push', 'sms', 'email'];
    const days = ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'];
    const body = { routingOrder, quietHours: { start: '21:00', end: '08:00', days } };
    expect((await stand.call('PATCH', at('/settings'), { body })).json).toMatchObject(body);
    const back = { routingOrder: null, quietHours: null };
    expect((await stand.call('PATCH', at('/settings'), { body: back })).status).toBe(200);
  });

  test.each([
    [{ quietHours: { start: '25:00', end: '08:00' } }, 'quietHours.start'],
    [{ quietHours: { start: '08:00', end: '08:00' } }, 'quietHours.end'],
    [{ quietHours: { start: '21:00', end: '08:00', zone: 'Mars/Olympus' } }, 'quietHours.zone'],
    [{ holdoutPercent: 101 }, 'holdoutPercent'],
    [{ cap: { count: 0, periodDays: 1 } }, 'cap.count'],
    [{ deliveryWindow: { hours: 'sometimes' } }, 'deliveryWindow.hours'],
    [{ routingOrder: Array(7).fill('email') }, 'routingOrder'],
    [{ quietHours: { start: '21:00', end: '08:00', days: Array(8).fill('Sa') } }, 'quietHours.days'],
    [{ unheardOf: 1 }, ''],
  ])('%j is a problem at %s', async (body, place) => {
    const answer = await stand.call('PATCH', at('/settings'), { body });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(JSON.stringify(answer.json.errors)).toContain(place);
  });
});

test('a topic is made, replaced and read', async () => {
  expect((await stand.call('GET', at('/topics/news'))).status).toBe(404);
  await stand.call('PUT', at('/topics/news'), { body: { name: 'News', defaultStatus: 'opted_in' } });
  await stand.call('PUT', at('/topics/news'), {
    body: { name: 'News', defaultStatus: 'required', sectionId: 's', sectionName: 'S' },
  });
  expect((await stand.call('GET', at('/topics/news'))).json).toMatchObject({
    ...{ id: 'news', defaultStatus: 'required', sectionId: 's' },
  });
  const bad = await stand.call('PUT', at('/topics/news'), { body: { name: 'News', defaultStatus: 'maybe' } });
  expect(bad.status).toBe(400);
});

test('a new topic has an id that an unsubscribe link has room for; a longer one that is there can be changed', async () => {
  const body = { name: 'Long', defaultStatus: 'opted_in' };
  const put = (id: string) => stand.call('PUT', at(`/topics/${encodeURIComponent(id)}`), { body });
  expect((await put('é'.repeat(64))).status).toBe(200);
  for (const tooLong of ['é'.repeat(65), 'x'.repeat(257)]) {
    expect(await put(tooLong)).toMatchObject({ status: 400, json: { errors: [{ at: 'topicId' }] } });
  }
  const old = { id: 'x'.repeat(256), name: 'Old', sectionId: null, sectionName: null } as const;
  await stand.database.db.transaction((tx) =>
    putTopic(tx, stand.workspaceId, { ...old, defaultStatus: 'required' }),
  );
  expect((await put(old.id)).json).toMatchObject({ id: old.id, name: 'Long' });
});

describe('suppressions', () => {
  test('are imported, paged through without loss, looked up and lifted', async () => {
    const list = Array.from({ length: 25 }, (_, n) => ({
      kind: 'email',
      address: `p${n}@x.test`,
      reason: 'complaint',
    }));
    const again = { kind: 'email', address: 'P0@X.test' };
    const added = await stand.call('POST', at('/suppressions'), { body: [...list, again] });
    expect([added.status, added.json]).toEqual([200, { total: 25, added: 25 }]);

    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = await stand.call('GET', at(`/suppressions?limit=10${query}`));
      seen.push(...page.json.suppressions.map((one: { address: string }) => one.address.toLowerCase()));
      cursor = page.json.cursor;
    }
    expect(seen.sort()).toEqual(list.map(({ address }) => address).sort());

    const look = async () =>
      (await stand.call('GET', at('/suppressions?kind=email&address=p7%40X.TEST'))).json.suppressions;
    const [found] = await look();
    expect(found).toMatchObject({ address: 'p7@x.test', reason: 'complaint', source: 'import' });
    expect((await stand.call('DELETE', at(`/suppressions/${found.id}`))).status).toBe(204);
    expect((await stand.call('DELETE', at(`/suppressions/${found.id}`))).status).toBe(404);
    expect(await look()).toEqual([]);
  });

  test('one by one they are manual', async () => {
    const body = { kind: 'sms', address: '0031612345678' };
    expect((await stand.call('POST', at('/suppressions'), { body })).json).toEqual({ total: 1, added: 1 });
    const { json } = await stand.call('GET', at('/suppressions?kind=sms&address=%2B31612345678'));
    expect(json.suppressions).toMatchObject([{ reason: 'manual', source: 'api' }]);
  });

  test.each([
    [[]],
    [{ kind: 'pigeon', address: 'x' }],
    [{ kind: 'email' }],
    [Array.from({ length: 10_001 }, () => ({ kind: 'email', address: 'x@x.test' }))],
  ])('what is no import is refused', async (body) => {
    expect((await stand.call('POST', at('/suppressions'), { body })).status).toBe(400);
  });

  test('an address without its kind is no question', async () => {
    expect((await stand.call('GET', at('/suppressions?address=x'))).status).toBe(400);
  });
});
