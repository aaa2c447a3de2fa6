import { randomUUID } from 'node:crypto';
import { SEEDED_WORKSPACE_ID } from '../../../src/service/seed-workspace';
import { type BirdStand, createBirdStand } from './stand';

const ORGANIZATION = '0190b2c3-0000-7000-8000-0000000000aa';
const PATH = `/organizations/${ORGANIZATION}/workspaces/${SEEDED_WORKSPACE_ID}/webhook-subscriptions`;
const URL_OF_OURS = 'http://127.0.0.1:9/in';

let stand: BirdStand;
beforeAll(async () => {
  stand = await createBirdStand();
});
afterAll(() => stand?.close());

const create = (body: object = {}) =>
  stand.asSeeded('POST', PATH, {
    body: { service: 'channels', event: 'sms.outbound', url: URL_OF_OURS, signingKey: 'key', ...body },
  });

test('a subscription is made, read, changed and deleted in the words of the vendor', async () => {
  const eventFilters = [{ key: 'channelId', value: randomUUID() }];
  const made = await create({ eventFilters, template: 't' });
  expect(made.status).toBe(201);
  const shape = {
    ...{ organizationId: ORGANIZATION, workspaceId: SEEDED_WORKSPACE_ID, service: 'channels' },
    ...{ event: 'sms.outbound', eventFilters, template: 't', url: URL_OF_OURS, status: 'active' },
  };
  expect(made.json).toMatchObject(shape);
  expect(made.text).not.toContain('signingKey');
  const item = `${PATH}/${made.json.id}`;
  expect((await stand.asSeeded('GET', item)).json).toMatchObject(shape);
  expect((await stand.asSeeded('GET', PATH)).json.results).toMatchObject([shape]);
  const changed = await stand.asSeeded('PATCH', item, {
    body: { event: 'email.interaction', status: 'inactive' },
  });
  expect(changed.json).toMatchObject({ ...shape, event: 'email.interaction', status: 'inactive' });
  expect((await stand.asSeeded('DELETE', item)).status).toBe(204);
  expect((await stand.asSeeded('GET', item)).status).toBe(404);
});

test('a signing key is made where none is given, and shown once', async () => {
  const made = await create({ signingKey: undefined, event: 'push.outbound' });
  expect(made.json.signingKey).toMatch(/^.{32,}$/);
  expect((await stand.asSeeded('GET', `${PATH}/${made.json.id}`)).text).not.toContain(made.json.signingKey);
});

test.each([
  [{ service: 'payments' }, 'service'],
  [{ event: 'sms.inbound' }, 'event'],
  [{ event: 'pigeon.outbound' }, 'event'],
  [{ eventFilters: [{ key: 'weather', value: 'rain' }] }, 'eventFilters[0].key'],
  [{ event: 'telegram.outbound' }, 'event'],
  [{ event: 'rcs.interaction' }, 'event'],
  [{ eventFilters: [{ key: 'interactionType', value: 'delivered' }] }, 'eventFilters[0].value'],
  [{ url: 'http://10.0.0.1/' }, 'url'],
  [{ url: undefined }, 'url'],
  [{ url: null }, 'url'],
])('%j is unprocessable, by its field', async (body, field) => {
  const refused = await create(body);
  expect(refused.status).toBe(422);
  expect(Object.keys(refused.json.details)).toEqual([field]);
});

test('a subscription may ask for each interaction that is ever told, and is queued for all of their facts', async () => {
  for (const value of ['opened', 'read', 'clicked', 'reported-as-spam', 'unsubscribed']) {
    const eventFilters = [{ key: 'interactionType', value }];
    const { status, json } = await create({ event: 'email.interaction', eventFilters });
    expect(status).toBe(201);
    const [row] = await stand.database.db.query<{ types: string[] }>(
      'select event_types as types from webhook_endpoints where id = $1',
      [json.id],
    );
    expect(row?.types).toEqual(['opened', 'clicked', 'complained', 'unsubscribed']);
  }
});

test('five subscriptions may have the same filters, in whatever order, and a sixth may not', async () => {
  const one = { key: 'channelId', value: randomUUID() };
  const two = { key: 'messageStatus', value: 'sent' };
  for (let n = 0; n < 5; n += 1)
    expect((await create({ eventFilters: n % 2 ? [one, two] : [two, one] })).status).toBe(201);
  expect((await create({ eventFilters: [one, two] })).status).toBe(409);
  expect((await create({ eventFilters: [one] })).status).toBe(201);
});

test('an organization that is not the workspace’s own is not there', async () => {
  const own = randomUUID();
  await stand.database.db.query('update workspaces set organization_id = $1 where id = $2', [
    own,
    SEEDED_WORKSPACE_ID,
  ]);
  try {
    expect((await stand.asSeeded('GET', PATH)).status).toBe(404);
    expect((await stand.asSeeded('GET', PATH.replace(ORGANIZATION, own))).status).toBe(200);
    expect((await stand.asSeeded('GET', PATH.replace(ORGANIZATION, 'mine'))).status).toBe(404);
  } finally {
    await stand.database.db.query('update workspaces set organization_id = null');
  }
});

test('members that are null count as absent, in creation and in change', async () => {
  const made = await create({ event: 'chat.outbound', template: null, signingKey: null, eventFilters: null });
  expect([made.status, made.json.eventFilters]).toEqual([201, []]);
  expect(made.json).not.toHaveProperty('template');
  expect(made.json.signingKey).toMatch(/^.{32,}$/);
  const item = `${PATH}/${made.json.id}`;
  const body = { url: null, event: null, eventFilters: null, template: null, status: 'inactive' };
  const changed = await stand.asSeeded('PATCH', item, { body });
  expect([changed.status, changed.json]).toMatchObject([
    200,
    { event: 'chat.outbound', url: URL_OF_OURS, status: 'inactive' },
  ]);
});

test('a name that no provider here has is refused with those that are had, and one that is no name of Bird’s too', async () => {
  for (const [name, words] of [
    ['telegram', 'no provider here speaks telegram'],
    ['pigeon', 'must be <channel>.outbound'],
  ] as const) {
    const { json } = await create({ event: `${name}.outbound` });
    expect(json.details.event).toEqual([expect.stringContaining(words)]);
    expect(json.details.event[0]).toContain('email, sms, whatsapp');
  }
});

test('a subscription from before to a name that is refused now is read, changed and kept', async () => {
  const { json } = await create({ event: 'inbox.outbound' });
  const item = `${PATH}/${json.id}`;
  await stand.database.db.query(
    `update webhook_endpoints set filters = filters || '{"event": "telegram.outbound"}' where id = $1`,
    [json.id],
  );
  const change = (body: object) => stand.asSeeded('PATCH', item, { body });
  expect((await stand.asSeeded('GET', item)).json.event).toBe('telegram.outbound');
  expect((await change({ status: 'inactive' })).json).toMatchObject({ event: 'telegram.outbound' });
  const url = `${URL_OF_OURS}/other`;
  expect((await change({ event: 'telegram.outbound', url })).json).toMatchObject({ url });
  expect((await change({ event: 'telegram.outbound', url: 'http://10.0.0.1/' })).status).toBe(422);
  expect((await change({ event: 'telegram.interaction' })).status).toBe(422);
  expect((await change({ event: 'chat.outbound' })).json).toMatchObject({ event: 'chat.outbound' });
});
