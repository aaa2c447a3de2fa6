import { randomUUID } from 'node:crypto';
import { insertEndpoint } from '../../../src/ledger/webhook-endpoints';
import { queuedPage } from '../../../src/ledger/webhook-queue';
import { EgressError } from '../../../src/providers/egress/errors';
import { webhookIdOf } from '../../../src/webhooks/standard-body';
import { createV1Dialect } from '../../../api/v1';
import { createStand, type Stand } from '../framework/setup';
import { createV1Stand, providers, secretBox } from './setup';

let stand: Stand;
let path: string;
beforeAll(async () => {
  stand = await createV1Stand();
  path = `/v1/workspaces/${stand.workspaceId}/webhooks`;
});
afterAll(() => stand?.close());

const URL_OF_OURS = 'http://127.0.0.1:9/in';
const create = (body: object = {}) => stand.call('POST', path, { body: { url: URL_OF_OURS, ...body } });

test('the secret is shown at creation and at rotation, and never again', async () => {
  const made = await create({ events: ['job.completed'] });
  expect(made.status).toBe(201);
  expect(made.json.secrets.secret).toMatch(/^whsec_/);
  const read = await stand.call('GET', `${path}/${made.json.id}`);
  expect(read.json).toMatchObject({
    form: 'standard',
    events: ['job.completed'],
    status: 'active',
    waiting: 0,
  });
  const rotated = await stand.call('POST', `${path}/${made.json.id}/rotate`);
  expect(rotated.json.secrets.secret).not.toBe(made.json.secrets.secret);
  const listed = await stand.call('GET', path);
  expect(read.text + listed.text).not.toContain('whsec_');
  const [row] = await stand.database.db.query<{ secrets: Buffer }>(
    'select secrets from webhook_endpoints where id = $1',
    [made.json.id],
  );
  expect(row?.secrets.toString('latin1')).not.toContain('whsec_');
});

test('a repetition by Idempotency-Key makes no second endpoint and shows no secret', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  const body = { url: URL_OF_OURS, description: 'once' };
  const first = await stand.call('POST', path, { body, headers });
  const again = await stand.call('POST', path, { body, headers });
  expect(again.json.id).toBe(first.json.id);
  expect(again.text).not.toContain('whsec_');
});

test.each([
  'http://169.254.169.254/latest',
  'http://10.0.0.1/',
  'https://192.168.1.1/',
  'https://[::1]/',
  'http://8.8.8.8/',
  'https://user:password@example.com/',
])('%s is refused when it is given, and when an endpoint is changed to it', async (url) => {
  const refused = await create({ url });
  expect(refused.status).toBe(400);
  expect(refused.json.errors).toMatchObject([{ at: 'url' }]);
  const { json } = await create();
  expect((await stand.call('PATCH', `${path}/${json.id}`, { body: { url } })).status).toBe(400);
});

test('a name server is asked while no transaction is open', async () => {
  const seen: number[] = [];
  const egress = {
    checkUrl: async () => {
      const open = await asked.database.db.query(
        `select 1 from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
      );
      seen.push(open.length);
    },
  };
  const asked = await createStand([createV1Dialect({ providers, secretBox, egress })]);
  try {
    const at = `/v1/workspaces/${asked.workspaceId}/webhooks`;
    const { json } = await asked.call('POST', at, { body: { url: URL_OF_OURS } });
    await asked.call('PATCH', `${at}/${json.id}`, { body: { url: URL_OF_OURS } });
    expect(seen).toEqual([0, 0]);
  } finally {
    await asked.close();
  }
});

test('a repetition gets the answer that its call had, also where the URL may no longer be called', async () => {
  let refused = false;
  const egress = {
    checkUrl: async () => {
      if (refused)
        throw new EgressError('refused', 'address_refused', 'It leads to an address that is refused.');
    },
  };
  const asked = await createStand([createV1Dialect({ providers, secretBox, egress })]);
  try {
    const at = `/v1/workspaces/${asked.workspaceId}/webhooks`;
    const given = { body: { url: URL_OF_OURS }, headers: { 'idempotency-key': randomUUID() } };
    const first = await asked.call('POST', at, given);
    refused = true;
    expect((await asked.call('POST', at, { body: given.body })).status).toBe(400);
    const again = await asked.call('POST', at, given);
    expect([again.status, again.json.id]).toEqual([201, first.json.id]);
  } finally {
    await asked.close();
  }
});

test.each([
  [{ events: ['message.exploded'] }, 'events[0]'],
  [{ events: [] }, 'events'],
  [{ secret: 'whsec_c2hvcnQ=' }, 'secret'],
  [{ form: 'courier', events: ['message.sent'] }, 'events'],
  [{ form: 'bird' }, 'form'],
  [{ url: 'ftp://example.com' }, 'url'],
])('%j is refused with its place', async (body, at) => {
  const refused = await create(body);
  expect(refused.status).toBe(400);
  expect(refused.json.errors[0].at).toBe(at);
});

test('a given secret is kept as it is', async () => {
  const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
  expect((await create({ secret })).json.secrets.secret).toBe(secret);
  expect((await create({ secret: 'sixteen-letters!', form: 'courier' })).status).toBe(201);
});

test('put to rest by its owner it drops what it is owed; back in service it starts with a clean record', async () => {
  const { json } = await create();
  await stand.call('POST', `${path}/${json.id}/test`);
  expect((await stand.call('GET', `${path}/${json.id}`)).json.waiting).toBe(1);
  const off = await stand.call('PATCH', `${path}/${json.id}`, { body: { status: 'disabled' } });
  expect(off.json).toMatchObject({ status: 'disabled', disabledReason: 'requested' });
  expect((await stand.call('GET', `${path}/${json.id}`)).json.waiting).toBe(0);
  expect((await stand.call('POST', `${path}/${json.id}/test`)).status).toBe(400);
  const on = await stand.call('PATCH', `${path}/${json.id}`, { body: { status: 'active' } });
  expect(on.json).toMatchObject({ status: 'active', disabledReason: null, disabledAt: null, failures: 0 });
});

test('a test is queued under the id that it is sent with', async () => {
  const { json } = await create();
  const sent = await stand.call('POST', `${path}/${json.id}/test`);
  expect(sent.status).toBe(202);
  const ref = { workspaceId: stand.workspaceId, endpointId: json.id };
  const [event] = await queuedPage(stand.database.db, ref.endpointId, 0, 1);
  expect(sent.json.webhookId).toBe(webhookIdOf(event!));
});

test('a replay wants a moment, and says where it goes on from', async () => {
  const { json } = await create();
  const since = '2026-01-31T09:30:00.000Z';
  const replayed = await stand.call('POST', `${path}/${json.id}/replay`, { body: { since } });
  expect(replayed.status).toBe(202);
  expect(replayed.json.replayingSince).toBe(since);
  expect((await stand.call('POST', `${path}/${json.id}/replay`, { body: {} })).status).toBe(400);
});

test("another workspace's endpoint is not there", async () => {
  const workspaceId = randomUUID();
  const id = randomUUID();
  await stand.database.db.query('insert into workspaces (id, name) values ($1, $2)', [workspaceId, 'other']);
  await insertEndpoint(stand.database.db, {
    ...{ id, workspaceId, form: 'standard', url: URL_OF_OURS, filters: { types: [] }, eventTypes: [] },
    sealedSecrets: Buffer.alloc(0),
  });
  for (const [method, suffix] of [
    ['GET', ''],
    ['PATCH', ''],
    ['DELETE', ''],
    ['POST', '/test'],
    ['POST', '/rotate'],
  ] as const)
    expect(
      (await stand.call(method, `${path}/${id}${suffix}`, { body: method === 'GET' ? undefined : {} }))
        .status,
    ).toBe(404);
});

test('a deleted endpoint is gone, with its secrets', async () => {
  const { json } = await create();
  expect((await stand.call('DELETE', `${path}/${json.id}`)).status).toBe(204);
  expect((await stand.call('GET', `${path}/${json.id}`)).status).toBe(404);
  const [row] = await stand.database.db.query<{ secrets: Buffer }>(
    'select secrets from webhook_endpoints where id = $1',
    [json.id],
  );
  expect(row?.secrets).toHaveLength(0);
});
