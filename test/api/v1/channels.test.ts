import { openCredentials } from '../../../src/ledger/channels';
import { createSecretBox } from '../../../src/runtime/secret-box';
import { type CallOptions, type Stand } from '../framework/setup';
import { createV1Stand, secretBox } from './setup';

let stand: Stand;
let path: string;
beforeAll(async () => {
  stand = await createV1Stand();
  path = `/v1/workspaces/${stand.workspaceId}/channels`;
});
afterAll(() => stand.close());

const mailer = {
  kind: 'email',
  provider: 'mailer',
  name: 'Mail',
  settings: { host: 'mail.example.com' },
  credentials: { password: 'hunter2' },
};
const create = (body: object, options: CallOptions = {}) => stand.call('POST', path, { body, ...options });
const opened = (channelId: string) =>
  openCredentials(stand.database.db, secretBox, { workspaceId: stand.workspaceId, channelId });

test('credentials are sealed, never given back, and open again for the sender', async () => {
  const created = await create(mailer);
  expect(created.status).toBe(201);
  expect(created.json).toMatchObject({
    kind: 'email',
    priority: 100,
    enabled: true,
    ratePerSecond: null,
    settings: { host: 'mail.example.com', port: 25 },
    version: 1,
  });
  const read = await stand.call('GET', `${path}/${created.json.id}`);
  const list = await stand.call('GET', path);
  for (const { text } of [created, read, list]) expect(text).not.toMatch(/hunter2|credentials/);
  const [row] = await stand.database.db.query('select channels::text as all from channels where id = $1', [
    created.json.id,
  ]);
  expect(JSON.stringify(row)).not.toContain(Buffer.from('hunter2').toString('hex'));
  expect(await opened(created.json.id)).toEqual({ password: 'hunter2' });
});

test("credentials of one channel do not open as another's, nor with another key", async () => {
  const [a, b] = [await create(mailer), await create(mailer)];
  await stand.database.db.query(
    'update channels set credentials = (select credentials from channels where id = $1) where id = $2',
    [a.json.id, b.json.id],
  );
  await expect(opened(b.json.id)).rejects.toThrow();
  const ref = { workspaceId: stand.workspaceId, channelId: a.json.id };
  const other = createSecretBox([{ id: 'other', key: Buffer.alloc(32, 8) }]);
  await expect(openCredentials(stand.database.db, other, ref)).rejects.toThrow(/"test" is not among/);
});

test('a secret that was generated is shown once, in the answer that made it', async () => {
  const created = await create({
    kind: 'webhook',
    provider: 'hook',
    name: 'Hook',
    settings: { url: 'https://example.com' },
  });
  expect(created.json.secrets).toEqual({ secret: 'generated-secret' });
  expect((await stand.call('GET', `${path}/${created.json.id}`)).text).not.toContain('generated-secret');
  expect(await opened(created.json.id)).toEqual({ secret: 'generated-secret' });
  const given = await create({
    kind: 'webhook',
    provider: 'hook',
    name: 'Hook',
    settings: { url: 'https://example.com' },
    credentials: { secret: 'mine' },
  });
  expect(given.json.secrets).toBeUndefined();
});

test('a change touches what it names and raises the version', async () => {
  const { json } = await create({ ...mailer, ratePerSecond: 5 });
  const change = (body: object) => stand.call('PATCH', `${path}/${json.id}`, { body });
  expect((await change({ priority: 1, enabled: false })).json).toMatchObject({
    name: 'Mail',
    priority: 1,
    enabled: false,
    ratePerSecond: 5,
    version: 2,
    settings: { host: 'mail.example.com' },
  });
  expect(await opened(json.id)).toEqual({ password: 'hunter2' });
  expect(
    (
      await change({
        ratePerSecond: null,
        settings: { host: 'b', port: 26 },
        credentials: { password: 'new' },
      })
    ).json,
  ).toMatchObject({ ratePerSecond: null, settings: { host: 'b', port: 26 }, version: 3 });
  expect(await opened(json.id)).toEqual({ password: 'new' });
  expect((await change({ settings: { host: 5 } })).json.errors[0].at).toBe('settings.host');
  expect((await change({ kind: 'sms' })).status).toBe(400);
  expect((await change({ enabled: null })).status).toBe(400);
});

test('a deleted channel is gone from every answer and its credentials from the ledger', async () => {
  const { json } = await create(mailer);
  expect((await stand.call('DELETE', `${path}/${json.id}`)).status).toBe(204);
  for (const method of ['GET', 'DELETE'])
    expect((await stand.call(method, `${path}/${json.id}`)).status).toBe(404);
  expect((await stand.call('PATCH', `${path}/${json.id}`, { body: { priority: 1 } })).status).toBe(404);
  expect((await stand.call('GET', path)).text).not.toContain(json.id);
  expect(await opened(json.id)).toEqual({});
});

test.each([
  ['provider', { ...mailer, provider: 'pigeon' }],
  ['provider', { ...mailer, kind: 'sms' }],
  ['kind', { ...mailer, kind: 'any' }],
  ['settings.host', { ...mailer, settings: {} }],
  ['settings', { ...mailer, settings: { host: 'a', extra: 1 } }],
  ['credentials.password', { ...mailer, credentials: { password: 5 } }],
  ['name', { ...mailer, name: '' }],
  ['priority', { ...mailer, priority: 1e12 }],
  ['ratePerSecond', { ...mailer, ratePerSecond: 0 }],
  ['ratePerSecond', { ...mailer, ratePerSecond: -1 }],
])('a bad %s is 400 and named', async (at, body) => {
  const answer = await create(body);
  expect([answer.status, answer.json.errors[0].at]).toEqual([400, at]);
});

test('nothing of another workspace can be seen or touched: its ids are 404', async () => {
  const other = await createV1Stand();
  try {
    const foreign = await other.call('POST', `/v1/workspaces/${other.workspaceId}/channels`, {
      body: mailer,
    });
    await stand.database.db.query('insert into workspaces (id, name) values ($1, $2)', [
      other.workspaceId,
      'other',
    ]);
    await stand.database.db.query(
      `insert into channels (id, workspace_id, kind, provider, name) values ($1, $2, 'email', 'mailer', 'theirs')`,
      [foreign.json.id, other.workspaceId],
    );
    for (const root of [path, `/v1/workspaces/${other.workspaceId}/channels`]) {
      for (const method of ['GET', 'PATCH', 'DELETE']) {
        const options = method === 'PATCH' ? { body: { priority: 1 } } : {};
        expect((await stand.call(method, `${root}/${foreign.json.id}`, options)).status).toBe(404);
      }
    }
    expect((await stand.call('GET', `${path}/not-an-id`)).status).toBe(404);
  } finally {
    await other.close();
  }
});
