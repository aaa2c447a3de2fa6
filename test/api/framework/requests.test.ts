import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type Call, type Route } from '../../../api/route';
import { createStand, testDialect, type Stand } from './setup';

const openapi = { responses: {} };
let seen: Call | undefined;
const remember = async (call: Call) => {
  seen = call;
  return { status: 200, body: { got: call.body ?? null, params: call.params } };
};
const routes: Route[] = [
  { kind: 'read', method: 'get', path: '/things/{thingId}', auth: 'workspace', openapi, handle: remember },
  {
    kind: 'read',
    method: 'get',
    path: '/things/special',
    auth: 'workspace',
    openapi,
    handle: async () => ({ status: 200, body: 'special' }),
  },
  { kind: 'command', method: 'post', path: '/things', auth: 'workspace', openapi, handle: remember },
  {
    kind: 'command',
    method: 'post',
    path: '/lenient',
    auth: 'workspace',
    poison: 'report',
    openapi,
    handle: remember,
  },
  {
    kind: 'command',
    method: 'post',
    path: '/empty',
    auth: 'workspace',
    openapi,
    handle: async () => ({ status: 202 }),
  },
  {
    kind: 'command',
    method: 'post',
    path: '/bug',
    auth: 'workspace',
    openapi,
    handle: async () => {
      throw new TypeError('secret internals');
    },
  },
  {
    kind: 'read',
    method: 'get',
    path: '/unreadable/{id}',
    auth: 'workspace',
    openapi,
    handle: async (call, db) => ({
      status: 200,
      body: await db.query('select $1::uuid', [call.params['id']]),
    }),
  },
];

let stand: Stand;
beforeAll(async () => (stand = await createStand([testDialect(routes)])));
afterAll(() => stand.close());
beforeEach(() => (seen = undefined));

describe('answers', () => {
  test('JSON is labelled application/json and nothing more, errors too', async () => {
    const good = await stand.call('POST', '/things', { body: { a: 'ü' } });
    const bad = await stand.call('GET', '/nothing-here');
    expect(good.headers.get('content-type')).toBe('application/json');
    expect(good.json.got).toEqual({ a: 'ü' });
    expect(bad.headers.get('content-type')).toBe('application/json');
    expect(bad.status).toBe(404);
  });

  test('an empty answer has no content type and no body', async () => {
    const answer = await stand.call('POST', '/empty');
    expect([answer.status, answer.text, answer.headers.get('content-type')]).toEqual([202, '', null]);
  });

  test('a sane X-Request-Id is echoed, another is replaced, and the log line carries it', async () => {
    const sane = await stand.call('GET', '/things/1', { headers: { 'x-request-id': 'abc-1.~_' } });
    expect(sane.headers.get('x-request-id')).toBe('abc-1.~_');
    const odd = await stand.call('GET', '/nothing', { headers: { 'x-request-id': 'a b<script>' } });
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(odd.json.requestId).toBe(odd.headers.get('x-request-id'));
  });

  test('one log line per request, by route template, without query, body or key', async () => {
    const before = stand.lines.length;
    await stand.call('GET', '/things/someone@example.com?email=someone@example.com', {
      headers: { 'x-request-id': 'one-line' },
    });
    await until(() => stand.lines.length > before);
    const lines = stand.lines.slice(before);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      method: 'GET',
      route: '/things/{thingId}',
      status: 200,
      requestId: 'one-line',
      workspaceId: stand.workspaceId,
    });
    expect(JSON.stringify(lines)).not.toMatch(/someone|vly_/);
  });

  test('a bug is a 500 that tells nothing of it, and is logged with its stack', async () => {
    const before = stand.lines.length;
    const answer = await stand.call('POST', '/bug', { body: {} });
    expect([answer.status, answer.json.code]).toEqual([500, 'internal']);
    expect(answer.text).not.toContain('secret internals');
    expect(JSON.stringify(stand.lines.slice(before))).toContain('secret internals');
  });

  test("a value that the database cannot read is the caller's mistake, not a 500", async () => {
    expect((await stand.call('GET', '/unreadable/not-a-uuid')).status).toBe(400);
  });
});

describe('paths', () => {
  test('a literal path wins over a parameter, whatever the order of the routes', async () => {
    expect((await stand.call('GET', '/things/special')).json).toBe('special');
  });

  test('another method on a known path is 405 with Allow', async () => {
    const answer = await stand.call('DELETE', '/things');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    const read = await stand.call('POST', '/things/1');
    expect([read.status, read.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test.each(['/things/%E0%A4%A', '/things/%00', '/things/a%00b', '/%', '/__proto__', '//'])(
    "%s is 404 in the door's words",
    async (path) => {
      const answer = await stand.call('GET', path);
      expect([answer.status, answer.json.code]).toEqual([404, 'not_found']);
    },
  );
});

describe('query', () => {
  test('every value is kept in order, undefined is absent, malformed encoding stays as it came', async () => {
    await stand.call('GET', '/things/1?a=1&a=2&cursor=undefined&bad=%E0%A4%A&b%5B%5D=x+y&flag&__proto__=z');
    expect(seen?.query.get('a')).toEqual(['1', '2']);
    expect(seen?.query.has('cursor')).toBe(false);
    expect(seen?.query.get('bad')).toEqual(['%E0%A4%A']);
    expect(seen?.query.get('b[]')).toEqual(['x y']);
    expect(seen?.query.get('flag')).toEqual(['']);
    expect(seen?.query.get('__proto__')).toEqual(['z']);
  });

  test('a NUL is 400', async () => {
    expect((await stand.call('GET', '/things/1?cursor=a%00b')).status).toBe(400);
  });
});

describe('bodies', () => {
  test.each([
    ['application/json; charset=utf-8'],
    ['application/vnd.api+json'],
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    [''],
  ])('JSON is read under content type "%s"', async (type) => {
    const answer = await stand.call('POST', '/things', { raw: '{"a":1}', headers: { 'content-type': type } });
    expect(answer.json?.got).toEqual({ a: 1 });
  });

  test('an empty body is undefined, whatever its content type', async () => {
    await stand.call('POST', '/things', { headers: { 'content-type': 'application/json' } });
    expect(seen?.body).toBeUndefined();
    await stand.call('POST', '/things', { raw: '', headers: { 'content-type': 'application/xml' } });
    expect(seen?.body).toBeUndefined();
  });

  test.each([
    ['XML', '<a/>', 'application/xml'],
    ['a form', 'a=1&b=2', 'application/x-www-form-urlencoded'],
    ['broken JSON', '{"a":', 'application/json'],
    ['UTF-16', '{"a":1}', 'application/json; charset=utf-16'],
    ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'application/json'],
  ])('%s is 400 and says how to mend it', async (_name, raw, type) => {
    const answer = await stand.call('POST', '/things', { raw, headers: { 'content-type': type } });
    expect([answer.status, answer.json.code]).toEqual([400, 'invalid_request']);
    expect(answer.json.message).toMatch(/mend|send|encode|leave/i);
    expect(seen).toBeUndefined();
  });

  test('over 10 MB is 413, compressed or not', async () => {
    const big = JSON.stringify({ a: 'x'.repeat(10 * 1024 * 1024) });
    expect((await stand.call('POST', '/things', { raw: big })).status).toBe(413);
    const bomb = await stand.call('POST', '/things', {
      raw: gzipSync(big),
      headers: { 'content-encoding': 'gzip' },
    });
    expect([bomb.status, bomb.json.code]).toEqual([413, 'payload_too_large']);
  });

  test('a compressed body is inflated; one that is not what it says is 400', async () => {
    const good = await stand.call('POST', '/things', {
      raw: gzipSync('{"a":2}'),
      headers: { 'content-encoding': 'gzip' },
    });
    expect(good.json.got).toEqual({ a: 2 });
    expect(
      (await stand.call('POST', '/things', { raw: '{"a":2}', headers: { 'content-encoding': 'gzip' } }))
        .status,
    ).toBe(400);
    expect(
      (await stand.call('POST', '/things', { raw: '{}', headers: { 'content-encoding': 'rot13' } })).status,
    ).toBe(400);
  });

  test('a caller that leaves in the middle of a body breaks nothing', async () => {
    const socket = connect(stand.server.port, '127.0.0.1');
    const before = stand.lines.length;
    socket.write(
      `POST /things HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${stand.key}\r\ncontent-length: 100\r\n\r\n{"a":`,
      () => socket.destroy(),
    );
    await until(() => stand.lines.slice(before).some((line) => line['status'] === 499));
    expect(stand.lines.slice(before).some((line) => line['level'] === 50)).toBe(false);
    expect(seen).toBeUndefined();
  });

  const poisoned =
    '{"users":[{"ok":1},{"name":"a\\u0000b","tag":"\\ud800"}],"__proto__":{"x":1},"big":1e999}';

  test('what cannot be kept is refused with its places', async () => {
    const answer = await stand.call('POST', '/things', { raw: poisoned });
    expect(answer.status).toBe(400);
    expect(answer.json.details.map((d: { at: string }) => d.at)).toEqual([
      'users[1].name',
      'users[1].tag',
      '__proto__',
      'big',
    ]);
    expect(seen).toBeUndefined();
  });

  test('a route may ask for it cleaned, with the places', async () => {
    const answer = await stand.call('POST', '/lenient', { raw: poisoned });
    expect(answer.status).toBe(200);
    expect(answer.json.got).toEqual({ users: [{ ok: 1 }, { name: 'ab', tag: '\uFFFD' }], big: null });
    expect(seen?.poison).toHaveLength(4);
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
