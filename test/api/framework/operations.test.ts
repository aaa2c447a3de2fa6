import { connect } from 'node:net';
import { Client } from 'pg';
import { Registry } from 'prom-client';
import { toVolleyError } from '../../../api/middleware/errors';
import { startServer } from '../../../api/server';
import { type Route } from '../../../api/route';
import { openDatabase } from '../../../src/ledger/database';
import { createStand, testDialect, type Stand } from './setup';

const openapi = { responses: {} };
const routes: Route[] = [
  {
    kind: 'read',
    method: 'get',
    path: '/time/{id}',
    auth: 'workspace',
    openapi,
    handle: async (_call, db) => ({ status: 200, body: await db.query('select 1 as one') }),
  },
];
let broken = false;
let stand: Stand;
beforeAll(async () => {
  stand = await createStand([testDialect(routes)], {
    metrics: new Registry(),
    readiness: [
      { name: 'database', check: async () => undefined },
      {
        name: 'worker',
        check: async () => {
          if (broken) throw new Error('No worker polls: start one.');
        },
      },
    ],
    codec: (_req, res) => void res.json({ codec: true }),
  });
});
afterAll(() => stand.close());

test('healthz says that the process lives, readyz names each check', async () => {
  expect((await stand.call('GET', '/healthz', { key: null })).json).toEqual({ status: 'ok' });
  const ready = await stand.call('GET', '/readyz', { key: null });
  expect([ready.status, ready.json.checks.map((c: { name: string }) => c.name)]).toEqual([
    200,
    ['database', 'worker'],
  ]);
  broken = true;
  const not = await stand.call('GET', '/readyz', { key: null });
  expect(not.status).toBe(503);
  expect(not.json.checks[1]).toEqual({
    name: 'worker',
    status: 'failed',
    message: 'No worker polls: start one.',
  });
});

test('metrics count by route template and class of status, never by path', async () => {
  await stand.call('GET', '/time/4711');
  await stand.call('GET', '/nowhere/4712');
  const { text } = await stand.call('GET', '/metrics', { key: null });
  expect(text).toMatch(
    /volley_http_request_duration_seconds_count\{method="GET",route="\/time\/\{id\}",status="2xx"\} 1/,
  );
  expect(text).not.toMatch(/471[12]/);
});

test("helmet is on, powered-by and CORS are off, the codec is where Temporal's web UI looks for it", async () => {
  const { headers } = await stand.call('GET', '/time/1', { headers: { origin: 'https://evil.example' } });
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cache-control')).toBe('no-store');
  expect([headers.get('x-powered-by'), headers.get('access-control-allow-origin')]).toEqual([null, null]);
  expect((await stand.call('POST', '/codec/decode', { key: null })).json).toEqual({ codec: true });
});

test('with Postgres away a call is 503 with Retry-After', async () => {
  const db = openDatabase({ connectionString: 'postgres://nobody@127.0.0.1:1/none', poolSize: 1 });
  const away = await createStand([testDialect(routes)], { db });
  const answer = await away.call('GET', '/time/1');
  expect([answer.status, answer.json.code, answer.headers.get('retry-after')]).toEqual([
    503,
    'unavailable',
    '2',
  ]);
  expect(away.lines.some((line) => line['msg'] === 'request failed')).toBe(true);
  await db.close();
  await away.close();
});

test('connections that Postgres dropped are replaced', async () => {
  await stand.call('GET', '/time/1');
  // From outside of the pool: the one that asks is spared.
  const other = new Client({ connectionString: stand.database.url });
  await other.connect();
  const { rowCount: dropped } = await other.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`);
  await other.end();
  expect(dropped).toBeGreaterThan(0);
  // Each costs a call at most.
  for (let left = dropped ?? 0; left > 0; left -= 1)
    expect([200, 503]).toContain((await stand.call('GET', '/time/1')).status);
  expect((await stand.call('GET', '/time/1')).status).toBe(200);
});

test.each([
  ['ECONNREFUSED', 'unavailable'],
  ['57P01', 'unavailable'],
  ['57P03', 'unavailable'],
  ['08006', 'unavailable'],
  ['40P01', 'unavailable'],
  ['55P03', 'unavailable'],
  ['22P05', 'invalid_request'],
  ['22021', 'invalid_request'],
  ['22P02', 'invalid_request'],
  ['23505', 'internal'],
])('an error %s of the database is %s', (code, expected) => {
  expect(toVolleyError(Object.assign(new Error('x'), { code })).code).toBe(expected);
});

describe('closing', () => {
  test('a call in flight gets its answer, a kept-alive connection is let go, a new one is refused', async () => {
    let release = () => {};
    let arrived = () => {};
    const inside = new Promise<void>((resolve) => (arrived = resolve));
    const gate = new Promise<void>((resolve) => (release = resolve));
    const server = await startServer({
      host: '127.0.0.1',
      port: 0,
      app: (_req, res) => {
        arrived();
        void gate.then(() => res.end('done'));
      },
    });
    const url = `http://127.0.0.1:${server.port}/`;
    const answer = fetch(url);
    await inside;
    const closed = server.close();
    await expect(fetch(url)).rejects.toThrow();
    release();
    const { headers } = await answer;
    expect(headers.get('connection')).toBe('close');
    expect(await (await answer).text()).toBe('done');
    await closed;
    await server.close();
  });

  test('a port that is taken is said in a sentence', async () => {
    const first = await startServer({ host: '127.0.0.1', port: 0, app: (_req, res) => void res.end() });
    const second = startServer({ host: '127.0.0.1', port: first.port, app: (_req, res) => void res.end() });
    await expect(second).rejects.toThrow(
      `Port ${first.port} is taken by another process: set PORT to a free one.`,
    );
    await first.close();
  });
});

test('garbage on the wire harms nobody else', async () => {
  const socket = connect(stand.server.port, '127.0.0.1');
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.on('error', () => undefined);
  socket.resume();
  socket.end('GARBAGE\r\n\r\n');
  await closed;
  expect((await stand.call('GET', '/healthz')).status).toBe(200);
});
