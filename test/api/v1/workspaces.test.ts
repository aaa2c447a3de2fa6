import { randomUUID } from 'node:crypto';
import { ADMIN_KEY, type Stand } from '../framework/setup';
import { createV1Stand } from './setup';

let stand: Stand;
beforeAll(async () => (stand = await createV1Stand()));
afterAll(() => stand.close());

const admin = (method: string, path: string, body?: unknown) =>
  stand.call(method, path, { body, key: ADMIN_KEY });

test('from nothing to a first call: workspace and key by the admin key, the rest by that key', async () => {
  const workspace = await admin('POST', '/v1/workspaces', { name: 'Acme' });
  expect(workspace.status).toBe(201);
  expect(workspace.json).toMatchObject({ name: 'Acme', organizationId: null });
  expect(workspace.headers.get('location')).toBe(`/v1/workspaces/${workspace.json.id}`);

  const path = `/v1/workspaces/${workspace.json.id}`;
  const created = await admin('POST', `${path}/keys`);
  expect(created.status).toBe(201);
  expect(created.json.key).toMatch(/^vly_[A-Za-z0-9_-]{49}$/);

  const channels = await stand.call('GET', `${path}/channels`, { key: created.json.key });
  const kinds = channels.json.channels.map(
    (c: { kind: string; provider: string }) => `${c.kind}:${c.provider}`,
  );
  expect(kinds.sort()).toEqual(
    ['chat', 'email', 'inbox', 'push', 'sms', 'webhook'].map((kind) => `${kind}:sandbox`),
  );
});

test('a key is shown once: no list has it, nor its hash', async () => {
  const path = `/v1/workspaces/${stand.workspaceId}/keys`;
  const { json } = await stand.call('POST', path, { body: { name: 'CI' } });
  const list = await stand.call('GET', path);
  expect(list.text).not.toContain(json.key);
  const mine = list.json.keys.find((each: { id: string }) => each.id === json.id);
  expect(Object.keys(mine).sort()).toEqual(['createdAt', 'id', 'lastUsedAt', 'name', 'prefix', 'revokedAt']);
  expect(json.key.startsWith(mine.prefix)).toBe(true);
});

test('a repetition by Idempotency-Key makes no second key and does not show the first again', async () => {
  const path = `/v1/workspaces/${stand.workspaceId}/keys`;
  const options = { body: { name: 'once' }, headers: { 'idempotency-key': randomUUID() } };
  const first = await stand.call('POST', path, options);
  const again = await stand.call('POST', path, options);
  expect([again.status, again.json.id, again.json.key]).toEqual([201, first.json.id, undefined]);
});

test('a revoked key is refused at once; revoking again is no error; a foreign key id is 404', async () => {
  const path = `/v1/workspaces/${stand.workspaceId}/keys`;
  const { json } = await stand.call('POST', path, { body: {} });
  expect((await stand.call('DELETE', `${path}/${json.id}`)).status).toBe(204);
  expect((await stand.call('DELETE', `${path}/${json.id}`)).status).toBe(204);
  expect((await stand.call('GET', path, { key: json.key })).status).toBe(401);

  const other = await admin('POST', '/v1/workspaces', { name: 'Other' });
  const foreign = await admin('POST', `/v1/workspaces/${other.json.id}/keys`);
  expect((await stand.call('DELETE', `${path}/${foreign.json.id}`)).status).toBe(404);
  expect((await stand.call('DELETE', `${path}/nonsense`)).status).toBe(404);
  expect(
    (await stand.call('GET', `/v1/workspaces/${other.json.id}/keys`, { key: foreign.json.key })).status,
  ).toBe(200);
});

test('what the admin key is for is no business of a workspace key, and the other way round', async () => {
  expect((await stand.call('POST', '/v1/workspaces', { body: { name: 'x' } })).status).toBe(403);
  expect((await admin('GET', `/v1/workspaces/${stand.workspaceId}/channels`)).status).toBe(403);
  expect((await admin('POST', `/v1/workspaces/${randomUUID()}/keys`)).status).toBe(404);
  expect((await admin('GET', `/v1/workspaces/${randomUUID()}/keys`)).status).toBe(404);
});

test.each([
  ['no body', undefined],
  ['no name', {}],
  ['an empty name', { name: '  ' }],
  ['an unknown field', { name: 'a', nmae: 'b' }],
  ['an organization that is no id', { name: 'a', organizationId: 'x' }],
  ['a list', []],
])('%s is a problem that names its place', async (_name, body) => {
  const answer = await admin('POST', '/v1/workspaces', body);
  expect(answer.status).toBe(400);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.json).toMatchObject({
    type: 'urn:volley:problem:invalid_request',
    title: 'Invalid request',
    status: 400,
  });
  expect(answer.json.requestId).toBe(answer.headers.get('x-request-id'));
  expect(answer.json.detail).toBeTruthy();
});

test('401 says how to authenticate', async () => {
  const answer = await stand.call('GET', `/v1/workspaces/${stand.workspaceId}/channels`, { key: null });
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="volley"']);
});
