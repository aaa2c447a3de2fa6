import { randomUUID } from 'node:crypto';
import { createAuthenticate } from '../../../api/middleware/authenticate';
import { type Call, type Route } from '../../../api/route';
import { generateApiKey } from '../../../src/ledger/api-key-format';
import { issueKey, revokeKey, seedKey } from '../../../src/ledger/keys';
import { ADMIN_KEY, createStand, testDialect, type Stand } from './setup';

const who = async (call: Call) => ({
  status: 200,
  body: { workspaceId: call.workspaceId, key: call.apiKeyId },
});
const route = (path: string, auth: Route['auth']): Route => ({
  ...{ kind: 'read', method: 'get', path, auth, openapi: { responses: {} }, handle: who },
});
const routes = [
  route('/mine', 'workspace'),
  route('/admin', 'admin'),
  route('/both', 'both'),
  route('/workspaces/{workspaceId}/things', 'both'),
];

let stand: Stand;
beforeAll(async () => (stand = await createStand([testDialect(routes)])));
afterAll(() => stand.close());

const authorize = (value: string) =>
  stand.call('GET', '/mine', { key: null, headers: { authorization: value } });
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test.each([
  ['Bearer', (key: string) => `Bearer ${key}`],
  ['AccessKey', (key: string) => `AccessKey ${key}`],
  ['any case', (key: string) => `bearer ${key}`],
  ['Basic, key as password', (key: string) => basic(`me@example.com:${key}`)],
  ['Basic, key as user', (key: string) => basic(`${key}:`)],
])('%s carries our key', async (_name, header) => {
  const answer = await authorize(header(stand.key));
  expect([answer.status, answer.json?.workspaceId]).toEqual([200, stand.workspaceId]);
});

test.each([
  ['none', ''],
  ['no scheme', 'vly_abc'],
  ['an unknown scheme', 'Digest abc'],
  ['no token', 'Bearer '],
  ['an unknown key', `Bearer ${generateApiKey()}`],
  ['a key of another form', 'Bearer abcd'],
  ['Basic that is no base64', 'Basic %%%'],
])('%s is 401 in the words of the door', async (_name, header) => {
  const answer = await authorize(header);
  expect([answer.status, answer.json.code]).toEqual([401, 'unauthorized']);
});

test('a mistyped key is refused without asking the ledger', async () => {
  const wrong = `${stand.key.slice(0, -1)}${stand.key.endsWith('A') ? 'B' : 'A'}`;
  await stand.database.db.query('alter table api_keys rename to api_keys_away');
  try {
    expect((await authorize(`Bearer ${wrong}`)).status).toBe(401);
  } finally {
    await stand.database.db.query('alter table api_keys_away rename to api_keys');
  }
});

test('a revoked key is refused from the next call on', async () => {
  const { id, key } = await issueKey(stand.database.db, { workspaceId: stand.workspaceId, name: 'short' });
  expect((await authorize(`Bearer ${key}`)).status).toBe(200);
  await revokeKey(stand.database.db, { workspaceId: stand.workspaceId, keyId: id });
  expect((await authorize(`Bearer ${key}`)).status).toBe(401);
});

test('the ledger holds no key in clear', async () => {
  const [row] = await stand.database.db.query<{ all: string }>(
    'select json_agg(api_keys)::text as all from api_keys',
  );
  expect(row?.all).not.toContain(stand.key);
  expect(stand.key.startsWith(JSON.parse(row!.all)[0].prefix)).toBe(true);
  expect(JSON.parse(row!.all)[0].prefix).toHaveLength(12);
});

test('the use of a key is written down at most once a minute', async () => {
  const { id, key } = await issueKey(stand.database.db, { workspaceId: stand.workspaceId, name: 'seen' });
  const lastUse = async () =>
    (await stand.database.db.query('select last_used_at from api_keys where id = $1', [id]))[0];
  expect(await lastUse()).toEqual({ last_used_at: null });
  await authorize(`Bearer ${key}`);
  const first = await lastUse();
  expect(first?.['last_used_at']).toBeInstanceOf(Date);
  await authorize(`Bearer ${key}`);
  expect(await lastUse()).toEqual(first);
  await stand.database.db.query(`update api_keys set last_used_at = last_used_at - interval '61 seconds'`);
  await authorize(`Bearer ${key}`);
  expect((await lastUse())!['last_used_at'] >= first!['last_used_at']).toBe(true);
});

test("the admin key opens admin routes and no workspace's", async () => {
  expect((await stand.call('GET', '/admin', { key: ADMIN_KEY })).json).toEqual({
    workspaceId: '',
    key: 'admin',
  });
  expect((await stand.call('GET', '/mine', { key: ADMIN_KEY })).status).toBe(403);
  expect((await stand.call('GET', '/admin')).status).toBe(403);
  expect((await stand.call('GET', '/both')).json.workspaceId).toBe(stand.workspaceId);
});

test('a path that names another workspace, or nothing, is 404', async () => {
  expect((await stand.call('GET', `/workspaces/${stand.workspaceId.toUpperCase()}/things`)).status).toBe(200);
  expect((await stand.call('GET', `/workspaces/${randomUUID()}/things`)).status).toBe(404);
  expect((await stand.call('GET', '/workspaces/none/things')).status).toBe(404);
  expect((await stand.call('GET', '/workspaces/none/things', { key: ADMIN_KEY })).status).toBe(404);
});

test('a seeded key is put there once, and stays revoked', async () => {
  const seed = { id: randomUUID(), workspaceId: stand.workspaceId, name: 'seed', key: 'abcd-test' };
  await seedKey(stand.database.db, seed);
  expect((await authorize('AccessKey abcd-test')).status).toBe(200);
  await revokeKey(stand.database.db, { workspaceId: stand.workspaceId, keyId: seed.id });
  await seedKey(stand.database.db, seed);
  expect((await authorize('AccessKey abcd-test')).status).toBe(401);
});

test('a seeded key counts only in calls to a loopback name, and only where it is asked to', async () => {
  const seed = { id: randomUUID(), workspaceId: stand.workspaceId, name: 'seed', key: 'everybody-knows' };
  await seedKey(stand.database.db, seed);
  const authenticateAs = (
    seededKey: boolean,
    host: string | undefined,
    authorization = 'Bearer everybody-knows',
  ) =>
    createAuthenticate(stand.database.db, { seededKey })(
      { auth: 'workspace' },
      { authorization, host, pathWorkspaceId: undefined },
    );
  for (const host of ['127.0.0.1:3400', 'localhost', 'LOCALHOST:1', '[::1]:3400', '127.1.2.3'])
    expect(await authenticateAs(true, host)).toMatchObject({ workspaceId: stand.workspaceId });
  for (const host of ['evil.example:3400', '127.0.0.1.evil.example', 'localhost.evil.example', '', undefined])
    await expect(authenticateAs(true, host)).rejects.toMatchObject({ code: 'unauthorized' });
  await expect(authenticateAs(false, '127.0.0.1:3400')).rejects.toMatchObject({ code: 'unauthorized' });
  expect(await authenticateAs(false, 'api.example', `Bearer ${stand.key}`)).toMatchObject({
    workspaceId: stand.workspaceId,
  });
});
