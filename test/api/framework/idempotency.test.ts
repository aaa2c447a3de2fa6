import { randomUUID } from 'node:crypto';
import { createServer, connect, type AddressInfo } from 'node:net';
import { VolleyError } from '../../../src/domain/errors';
import { type Call, type Route } from '../../../api/route';
import { type Tx } from '../../../src/ledger/database';
import { purgeIdempotency } from '../../../src/ledger/idempotency';
import { createStand, testDialect, type CallOptions, type Stand } from './setup';

let hold: Promise<void> | undefined;
/** What the next calls end in. */
let failure: Error | undefined;
const effect = async (call: Call, tx: Tx) => {
  const [row] = await tx.query<{ n: number }>('insert into effects default values returning n');
  await hold;
  if (failure) throw failure;
  if ((call.body as { fail?: boolean } | undefined)?.fail)
    throw new VolleyError('invalid_request', 'asked to fail');
  return { status: 201, body: { n: row?.n } };
};
const command = (method: Route['method'], path: string, extra: object = {}): Route => ({
  kind: 'command',
  method,
  path,
  auth: 'workspace',
  openapi: { responses: {} },
  handle: effect,
  ...extra,
});
const routes = [
  command('post', '/effects'),
  command('post', '/effects/{id}'),
  command('patch', '/effects'),
  command('post', '/empty', {
    handle: async (call: Call, tx: Tx) => (await effect(call, tx), { status: 202 }),
  }),
  command('post', '/secret', {
    kept: () => ({ redacted: true }),
    handle: async () => ({ status: 201, body: { secret: 'once' } }),
  }),
];

let stand: Stand;
beforeAll(async () => {
  stand = await createStand([testDialect(routes)]);
  await stand.database.db.query('create table effects (n serial)');
});
afterAll(() => stand.close());
beforeEach(() => {
  hold = undefined;
  failure = undefined;
});
afterEach(() => jest.restoreAllMocks());

const effects = async () =>
  (await stand.database.db.query<{ n: number }>('select count(*)::int as n from effects'))[0]?.n;
const post = (key: string | undefined, options: CallOptions = {}, path = '/effects') =>
  stand.call('POST', path, {
    body: { a: 1 },
    ...options,
    headers: { ...(key === undefined ? {} : { 'idempotency-key': key }), ...options.headers },
  });

describe('an Idempotency-Key', () => {
  test('answers a repetition as the first time and does nothing again', async () => {
    const key = randomUUID();
    const before = await effects();
    const first = await post(key);
    const second = await post(key);
    expect([second.status, second.text]).toEqual([first.status, first.text]);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(second.headers.get('content-type')).toBe('application/json');
    expect(await effects()).toBe((before ?? 0) + 1);
  });

  test('keeps an empty answer empty', async () => {
    const key = randomUUID();
    await post(key, {}, '/empty');
    const again = await post(key, {}, '/empty');
    expect([again.status, again.text, again.headers.get('idempotent-replayed')]).toEqual([202, '', 'true']);
  });

  test('with another body is 422', async () => {
    const key = randomUUID();
    await post(key);
    const other = await post(key, { body: { a: 2 } });
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_mismatch']);
  });

  test('belongs to one path: another path is another call', async () => {
    const key = randomUUID();
    const [a, b] = [await post(key, {}, '/effects/1'), await post(key, {}, '/effects/2')];
    expect(a.json.n).not.toBe(b.json.n);
  });

  test('a twin under way gets 409 with Retry-After, and the first answer after that', async () => {
    const key = randomUUID();
    let release = () => {};
    hold = new Promise((resolve) => (release = resolve));
    const first = post(key);
    const held = `select 1 from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`;
    while ((await stand.database.db.query(held)).length === 0);
    const twin = await post(key);
    release();
    expect([twin.status, twin.json.code, twin.headers.get('retry-after')]).toEqual([
      409,
      'idempotency_in_progress',
      '1',
    ]);
    const answered = await first;
    expect((await post(key)).text).toBe(answered.text);
  });

  test('keeps no error: the repetition is a new attempt', async () => {
    const key = randomUUID();
    const before = await effects();
    expect((await post(key, { body: { fail: true } })).status).toBe(400);
    expect(await effects()).toBe(before);
    expect((await post(key)).status).toBe(201);
  });

  test('counts for POST alone', async () => {
    const key = randomUUID();
    const patch = () => stand.call('PATCH', '/effects', { body: {}, headers: { 'idempotency-key': key } });
    expect((await patch()).json.n).not.toBe((await patch()).json.n);
  });

  test('may be written as the quoted string of the IETF draft: the same key', async () => {
    const key = randomUUID();
    const first = await post(key);
    expect((await post(`"${key}"`)).text).toBe(first.text);
  });

  test.each([
    ['empty', ''],
    ['256 characters', 'x'.repeat(256)],
    ['with a space', 'a b'],
    ['with an umlaut', '\u00fc'],
  ])('%s is 400', async (_name, key) => {
    const answer = await post(key);
    expect([answer.status, answer.json.details[0].at]).toEqual([400, 'header.Idempotency-Key']);
  });

  test('of 255 characters is fine; the word undefined is none', async () => {
    expect((await post('~'.repeat(255))).status).toBe(201);
    const [a, b] = [await post('undefined'), await post('undefined')];
    expect(a.json.n).not.toBe(b.json.n);
  });

  test('shows a secret once and keeps it nowhere', async () => {
    const key = randomUUID();
    expect((await post(key, {}, '/secret')).json).toEqual({ secret: 'once' });
    expect((await post(key, {}, '/secret')).json).toEqual({ redacted: true });
    const rows = await stand.database.db.query('select body from idempotency_keys where key = $1', [key]);
    expect(JSON.stringify(rows)).not.toContain('once');
  });
});

describe('the time that an answer is kept', () => {
  const kept = async (expiration?: string) => {
    const key = randomUUID();
    const answer = await post(
      key,
      expiration === undefined ? {} : { headers: { 'x-idempotency-expiration': expiration } },
    );
    expect(answer.status).toBe(201);
    const [row] = await stand.database.db.query<{ hours: number }>(
      'select extract(epoch from expires_at - created_at)::float8 / 3600 as hours from idempotency_keys where key = $1',
      [key],
    );
    return row?.hours ?? 0;
  };
  const inDays = (days: number) => Date.now() + days * 86_400_000;
  const year = 365 * 24;

  type Retention = [name: string, expiration: (() => string) | undefined, hours: number];
  test.each<Retention>([
    ['absent', undefined, 24],
    ['epoch seconds', () => String(Math.floor(inDays(3) / 1000)), 72],
    ['epoch milliseconds', () => String(inDays(3)), 72],
    ['ISO-8601', () => new Date(inDays(3)).toISOString(), 72],
    ['sooner than a day', () => String(inDays(0.1)), 24],
    ['long gone', () => '0', 24],
    ['in ten years', () => new Date(inDays(3650)).toISOString(), year],
    ['the word undefined', () => 'undefined', 24],
    ['a star before it, as of the Go SDK 3', () => `*${new Date(inDays(3)).toISOString()}`, 72],
    ['a duration in words, as of the C# SDK', () => '3 Days', 72],
    ['a duration of ISO-8601', () => 'P3D', 72],
    ['a duration of an age', () => '999999 weeks', year],
    ...['soon', '*', '-5', '1e12', '2026-13-45', '12345678901234567890', 'day', '1 fortnight'].map(
      (text): Retention => [`what cannot be read: ${text}`, () => text, 24],
    ),
  ])('%s', async (_name, expiration, hours) => {
    const measured = await kept(expiration?.());
    expect(Math.abs(measured - hours)).toBeLessThan(hours === year ? 25 : 0.1);
  });

  test('afterwards the key is free again, and the sweep removes the row', async () => {
    const key = randomUUID();
    const first = await post(key);
    await stand.database.db.query(`update idempotency_keys set expires_at = ledger_now() where key = $1`, [
      key,
    ]);
    expect((await post(key, { body: { other: true } })).json.n).not.toBe(first.json.n);
    await stand.database.db.query(`update idempotency_keys set expires_at = ledger_now() where key = $1`, [
      key,
    ]);
    expect(await purgeIdempotency(stand.database.db)).toBe(1);
    expect(await purgeIdempotency(stand.database.db)).toBe(0);
  });
});

describe('a client that repeats by itself, without a key', () => {
  const stainless = (count: number, body: object, headers: Record<string, string> = {}) =>
    post(undefined, { body, headers: { 'x-stainless-retry-count': String(count), ...headers } });

  test('gets the kept answer for its repetition', async () => {
    const body = { id: randomUUID() };
    const first = await stainless(0, body);
    const again = await stainless(1, body);
    expect(again.text).toBe(first.text);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await stainless(2, body)).text).toBe(first.text);
  });

  test('two first calls are two calls, however equal', async () => {
    const body = { id: randomUUID() };
    const [a, b] = await Promise.all([stainless(0, body), stainless(0, body)]);
    expect([a.status, b.status]).toEqual([201, 201]);
    expect(a.json.n).not.toBe(b.json.n);
    expect([a.json.n, b.json.n]).not.toContain((await stainless(0, body)).json.n);
  });

  test('a repetition of what never got here is done', async () => {
    expect((await stainless(1, { id: randomUUID() })).status).toBe(201);
  });

  test('after ten minutes a repetition is a call of its own', async () => {
    const body = { id: randomUUID() };
    const first = await stainless(0, body);
    await stand.database.db.query(
      `update idempotency_keys set expires_at = expires_at - interval '10 minutes'`,
    );
    expect((await stainless(1, body)).json.n).not.toBe(first.json.n);
  });

  const DEADLOCK = Object.assign(new Error('deadlock detected'), { code: '40P01' });
  const LOST = Object.assign(new Error('the connection is gone'), { code: 'ECONNRESET' });
  /** The ledger is away whenever a kept answer is to be forgotten, until it is back. */
  function forgetsNothing(): { isBack(): void } {
    const { db } = stand.database;
    const query = db.query.bind(db);
    let away = true;
    jest
      .spyOn(db, 'query')
      .mockImplementation((text, ...rest) =>
        away && text.startsWith('delete from idempotency_keys') ? Promise.reject(LOST) : query(text, ...rest),
      );
    return { isBack: () => (away = false) };
  }
  /** An equal call before it was answered; then this one is not. */
  async function failing(body: object, status = 503) {
    const before = await stainless(0, body);
    failure = DEADLOCK;
    expect((await stainless(0, body)).status).toBe(status);
    failure = undefined;
    return before;
  }

  test('is not given the answer of an equal call before the one that failed on our side', async () => {
    const body = { id: randomUUID() };
    const before = await failing(body);
    const again = await stainless(1, body);
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, null]);
    expect(again.json.n).not.toBe(before.json.n);
    expect((await stainless(2, body)).text).toBe(again.text);
  });

  test('nor when the database was away as the call failed, and is done or refused', async () => {
    const body = { id: randomUUID() };
    const ledger = forgetsNothing();
    const before = await failing(body);
    expect((await stainless(1, body)).status).toBe(503);
    ledger.isBack();
    const again = await stainless(2, body);
    expect(again.status).toBe(201);
    expect(again.json.n).not.toBe(before.json.n);
    expect((await stainless(3, body)).text).toBe(again.text);
  });

  test('gets the answer of an equal call after the one that failed, however long nobody repeated that', async () => {
    const body = { id: randomUUID() };
    const ledger = forgetsNothing();
    await failing(body);
    ledger.isBack();
    const done = await stainless(0, body);
    const again = await stainless(1, body);
    expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([done.text, 'true']);
  });

  test('gets the answer of its own call whose commit was in doubt and had happened', async () => {
    const body = { id: randomUUID() };
    const { db } = stand.database;
    const before = await stainless(0, body);
    const transaction = db.transaction.bind(db);
    jest.spyOn(db, 'transaction').mockImplementationOnce(async (work) => {
      await transaction(work);
      throw LOST;
    });
    expect((await stainless(0, body)).status).toBe(503);
    const done = await effects();
    const again = await stainless(1, body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.json.n).not.toBe(before.json.n);
    expect(await effects()).toBe(done);
  });

  test('keeps its answer when an equal call is refused for what it is', async () => {
    const body = { id: randomUUID() };
    const before = await stainless(0, body);
    failure = new VolleyError('invalid_request', 'asked to fail');
    expect((await stainless(0, body)).status).toBe(400);
    expect((await stainless(1, body)).text).toBe(before.text);
  });

  test('with a key the key counts', async () => {
    const body = { id: randomUUID() };
    const first = await stainless(0, body, { 'idempotency-key': randomUUID() });
    expect((await stainless(1, body, { 'idempotency-key': randomUUID() })).json.n).not.toBe(first.json.n);
  });

  test('a connection cut after the commit costs nothing: the repetition gets the answer that was lost', async () => {
    const body = { id: randomUUID() };
    const before = (await effects()) ?? 0;
    const proxy = await answerDroppingProxy(stand.server.port);
    const send = (url: string, count: number) =>
      fetch(`${url}/effects`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${stand.key}`,
          'content-type': 'application/json',
          'x-stainless-retry-count': String(count),
        },
        body: JSON.stringify(body),
      });
    await expect(send(proxy.url, 0)).rejects.toThrow();
    proxy.close();
    const again = await send(stand.url, 1);
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(await effects()).toBe(before + 1);
  });
});

/** Passes a request on and cuts the connection when the answer's first byte comes: the commit is done by then. */
async function answerDroppingProxy(port: number): Promise<{ url: string; close(): void }> {
  const proxy = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    client.pipe(upstream);
    client.on('error', () => upstream.destroy());
    upstream.once('data', () => client.destroy());
    upstream.on('error', () => client.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, close: () => proxy.close() };
}
