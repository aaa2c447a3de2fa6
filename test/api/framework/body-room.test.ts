import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { createBodyRoom } from '../../../api/middleware/body-room';
import { type Route } from '../../../api/route';
import { createStand, testDialect, type CallOptions, type Stand } from './setup';

const KB = 1024;
const MB = 1024 * KB;
const openapi = { responses: {} };
let stand: Stand;
/** Ends the calls to `/held` that have come so far, in their order. */
let held: (() => void)[] = [];
let counted = 0;

const routes: Route[] = [
  {
    kind: 'read',
    method: 'post',
    path: '/held',
    auth: 'workspace',
    openapi,
    handle: () => new Promise((resolve) => held.push(() => resolve({ status: 200 }))),
  },
  {
    kind: 'read',
    method: 'post',
    path: '/quick',
    auth: 'workspace',
    openapi,
    handle: async () => ({ status: 200 }),
  },
  {
    kind: 'command',
    method: 'post',
    path: '/counted',
    auth: 'workspace',
    openapi,
    handle: async () => ({ status: 201, body: { n: (counted += 1) } }),
  },
];

beforeAll(async () => {
  const room = createBodyRoom({ totalBytes: 10 * MB, turnMs: 50 });
  stand = await createStand([testDialect(routes)], { room });
});
afterAll(() => stand.close());
afterEach(() => endHeld());

function endHeld(): void {
  for (const end of held) end();
  held = [];
}
const ofBytes = (bytes: number): CallOptions => ({ raw: JSON.stringify('x'.repeat(bytes - 2)) });
const zipped = (bytes: number): CallOptions => ({
  raw: gzipSync(JSON.stringify('x'.repeat(bytes - 2))),
  headers: { 'content-encoding': 'gzip' },
});
const quick = async (options: CallOptions) => (await stand.call('POST', '/quick', options)).status;

test('bodies that find no room in time are refused unread with 503 and Retry-After, and small ones never wait', async () => {
  const calls = [ofBytes(6 * MB), ofBytes(4 * MB)].map((options) => stand.call('POST', '/held', options));
  await until(async () => held.length === 2);
  const refused = await stand.call('POST', '/quick', ofBytes(65 * KB));
  expect([refused.status, refused.json.code]).toEqual([503, 'unavailable']);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await quick(ofBytes(64 * KB))).toBe(200);
  endHeld();
  for (const call of calls) expect((await call).status).toBe(200);
  expect(await quick(ofBytes(10 * MB))).toBe(200);
});

test('a compressed or chunked body waits for the room that it may come to, and keeps what it has', async () => {
  const first = stand.call('POST', '/held', ofBytes(65 * KB));
  await until(async () => held.length === 1);
  expect(await quick(zipped(100))).toBe(503);
  expect(await chunked('{}')).toContain(' 503 ');
  endHeld();
  await first;
  expect(await chunked('{}')).toContain(' 200 ');
  const second = stand.call('POST', '/held', zipped(4 * MB));
  await until(async () => held.length === 1);
  expect(await quick(ofBytes(6 * MB))).toBe(200);
  expect(await quick(ofBytes(6 * MB + 1))).toBe(503);
  endHeld();
  await second;
});

test.each(['identity', 'gzip'])(
  'a caller that leaves in the middle of a body (%s) gives its room back',
  async (encoding) => {
    const socket = connect(stand.server.port, '127.0.0.1');
    socket.write(`${head('/quick')}content-encoding: ${encoding}\r\ncontent-length: ${10 * MB}\r\n\r\n`);
    socket.write(gzipSync('"a').subarray(0, 12));
    await until(async () => (await quick(ofBytes(65 * KB))) === 503);
    socket.destroy();
    await until(async () => (await quick(ofBytes(10 * MB))) === 200);
  },
);

test.each([
  ['plain', ofBytes(65 * KB)],
  ['compressed', zipped(64 * KB)],
])(
  "an SDK's repetition of a call (%s) that found no room is done, and is not given what an equal call before it got",
  async (_, options) => {
    const send = (count: number) => {
      const headers = { ...options.headers, 'x-stainless-retry-count': String(count) };
      return stand.call('POST', '/counted', { ...options, headers });
    };
    const before = await send(0);
    const full = stand.call('POST', '/held', ofBytes(10 * MB));
    await until(async () => held.length === 1);
    expect((await send(0)).status).toBe(503);
    endHeld();
    await full;
    const again = await send(1);
    expect([again.status, again.json.n]).toEqual([201, before.json.n + 1]);
    expect((await send(2)).text).toBe(again.text);
  },
);

test('what is announced as larger than the limit takes no room', async () => {
  const first = stand.call('POST', '/held', ofBytes(10 * MB));
  await until(async () => held.length === 1);
  expect(await quick(ofBytes(10 * MB + 1))).toBe(413);
  endHeld();
  await first;
});

const head = (path: string) =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${stand.key}\r\n`;

/** What is answered to a body whose length is not said. */
async function chunked(body: string): Promise<string> {
  const socket = connect(stand.server.port, '127.0.0.1');
  const size = body.length.toString(16);
  socket.write(`${head('/quick')}transfer-encoding: chunked\r\n\r\n${size}\r\n${body}\r\n0\r\n\r\n`);
  let answer = '';
  for await (const part of socket) answer += String(part);
  return answer;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
