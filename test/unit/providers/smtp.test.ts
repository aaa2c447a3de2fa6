import { outcomeOfSmtpError } from '../../../src/providers/smtp-outcome';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type SendRequest } from '../../../src/providers/contract';
import { createEgress } from '../../../src/providers/egress/guarded-client';
import { createSmtp } from '../../../src/providers/smtp';
import { type SmtpScript, type SmtpSink, startSmtpSink } from '../../support/sinks/smtp-sink';
import {
  channelTo,
  content,
  LOGIN,
  LOOPBACK,
  type SmtpFixture,
  startSmtpFixture,
  TIMEOUTS,
} from './smtp-fixture';

let fixture: SmtpFixture;
let sink: SmtpSink;
beforeAll(async () => {
  fixture = await startSmtpFixture();
  sink = fixture.sink;
});
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  sink.reset();
  for (const cleanup of cleanups.splice(0)) await cleanup();
});
afterAll(() => fixture.close());
const requestWith = (changes: Partial<SendRequest> = {}) => fixture.requestWith(changes);
const send = (request: SendRequest) => fixture.send(request);

const reply = (code: number, message: string) => ({ code, message });
test.each<[SmtpScript, object]>([
  [{ connect: reply(421, '4.7.0 too many connections') }, { type: 'throttled' }],
  [{ connect: 'drop' }, { type: 'retryable' }],
  [{ connect: 'hang' }, { type: 'retryable' }],
  [{ mail: reply(421, '4.3.2 shutting down') }, { type: 'retryable', code: 'smtp_421' }],
  [{ mail: 'drop' }, { type: 'retryable' }],
  [{ mail: 'hang' }, { type: 'retryable', code: 'timeout' }],
  [
    { mail: reply(530, '5.7.0 authentication required') },
    { type: 'permanent', reason: 'credentials_refused' },
  ],
  [{ rcpt: reply(450, '4.2.0 busy') }, { type: 'retryable', code: 'smtp_450' }],
  [{ rcpt: reply(452, '4.5.3 too many recipients') }, { type: 'retryable' }],
  [{ rcpt: reply(452, '4.2.2 sending rate exceeded') }, { type: 'throttled' }],
  [
    { rcpt: reply(550, '5.1.1 no such user') },
    { type: 'permanent', code: 'smtp_550', reason: 'provider_refused' },
  ],
  [{ rcpt: 'drop' }, { type: 'retryable' }],
  [{ data: reply(451, '4.3.0 try later') }, { type: 'retryable' }],
  [{ data: reply(421, '4.7.0 slow down') }, { type: 'throttled' }],
  [{ data: reply(552, '5.3.4 too large') }, { type: 'permanent', reason: 'provider_refused' }],
  [{ data: 'drop' }, { type: 'ambiguous', code: 'connection_lost' }],
  [{ data: 'hang' }, { type: 'ambiguous', code: 'timeout' }],
])('%j is %j', async (script, expected) => {
  sink.script(script);
  // A channel of its own has no open connection yet, so that the greeting is part of the case.
  const channel = { ...channelTo(sink.port), id: `fresh-${JSON.stringify(script)}` };
  expect(await send(requestWith({ channel }))).toMatchObject(expected);
  expect(sink.mails).toHaveLength(0);
  // The library may replace a connection that died early, but never sends a whole message twice.
  expect(sink.seen.length).toBeLessThanOrEqual(1);
});

test.each([
  [
    'a refusal for good takes no other route',
    reply(550, '5.1.1 no'),
    { type: 'permanent', othersHaveIt: true },
  ],
  ['one for now is in doubt', reply(450, '4.2.0 greylisted'), { type: 'ambiguous', code: 'smtp_450' }],
  ['a throttle is in doubt', reply(450, '4.7.1 slow down'), { type: 'ambiguous', code: 'smtp_450' }],
])('with the recipient refused and a copy taken, %s', async (_, refusal, expected) => {
  sink.script({ rcpt: (address) => (address.startsWith('ada') ? refusal : undefined) });
  expect(await send(requestWith({ cc: ['carl@example.com'] }))).toMatchObject(expected);
});

test('with the copy refused too, nobody has it, and another route may be taken', async () => {
  sink.script({ rcpt: reply(550, '5.1.1 no') });
  expect(await send(requestWith({ cc: ['carl@example.com'] }))).not.toHaveProperty('othersHaveIt');
});

test.each(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR'])(
  'a session that breaks with %s is in doubt once the message was handed over, and only then',
  (originalCode) => {
    const error = Object.assign(new Error('broken'), { code: 'ESOCKET', originalCode });
    expect(outcomeOfSmtpError(error, true, undefined)).toMatchObject({ type: 'ambiguous' });
    expect(outcomeOfSmtpError(error, false, undefined)).toMatchObject({
      type: 'retryable',
      code: 'tls_failed',
    });
  },
);

test('an abort before the message was handed over is retryable, and nothing arrives', async () => {
  sink.script({ mail: 'hang' });
  const stop = new AbortController();
  const before = sink.connections;
  const call = createSmtp({ egress: fixture.egress, timeouts: TIMEOUTS }).send(
    requestWith() as never,
    stop.signal,
  );
  await sink.waitUntil(({ connections }) => connections > before);
  stop.abort();
  expect(await call).toMatchObject({ type: 'retryable', code: 'aborted' });
  expect(sink.seen).toHaveLength(0);
});

test('a connection lost inside the body is retryable: without its end no server keeps a mail', async () => {
  const server = await startServerThatCutsTheBody();
  cleanups.push(() => server.close());
  const text = 'z'.repeat(5_000_000);
  const outcome = await send(requestWith({ channel: channelTo(server.port), ...content({ text }) }));
  expect(outcome).toMatchObject({ type: 'retryable' });
});

test('connections are pooled, at most as many as the settings say, and renewed when the settings change', async () => {
  const own = createSmtp({ egress: fixture.egress, timeouts: { connectMs: 2_000, totalMs: 5_000 } });
  cleanups.push(() => own.close());
  const before = sink.connections;
  const all = (channel: object) =>
    Promise.all(
      Array.from({ length: 20 }, () =>
        own.send(requestWith({ channel: channel as never }) as never, new AbortController().signal),
      ),
    );
  await all(channelTo(sink.port));
  expect(sink.mails).toHaveLength(20);
  expect(sink.connections - before).toBeLessThanOrEqual(2);
  const afterFirst = sink.connections;
  await all(channelTo(sink.port, { defaultFromName: 'Only the sender changes' }));
  expect(sink.connections).toBe(afterFirst);
  await all(channelTo(sink.port, { poolSize: 3 }));
  expect(sink.connections).toBeGreaterThan(afterFirst);
});

test('the target passes the egress guard at connect time', async () => {
  const strict = createSmtp({ egress: createEgress({ allow: [] }), timeouts: TIMEOUTS });
  const outcome = await strict.send(requestWith() as never, new AbortController().signal);
  expect(outcome).toMatchObject({ type: 'permanent', code: 'address_refused' });
  const rebound = createSmtp({
    egress: createEgress({ allow: LOOPBACK, resolve: async () => ['10.0.0.1'] }),
    timeouts: TIMEOUTS,
  });
  const channel = channelTo(sink.port, { host: 'mail.attacker.test' });
  expect(await rebound.send(requestWith({ channel }) as never, new AbortController().signal)).toMatchObject({
    code: 'address_refused',
  });
  expect(sink.seen).toHaveLength(0);
});

test('a server whose certificate does not hold gets nothing', async () => {
  const tls = await startSmtpSink({ starttls: true });
  cleanups.push(() => tls.close());
  const outcome = await send(requestWith({ channel: channelTo(tls.port) }));
  expect(outcome).toMatchObject({ type: 'retryable', code: 'tls_failed' });
  expect(tls.seen).toHaveLength(0);
});

test('credentials are not sent without TLS unless the channel says so', async () => {
  const open = await startSmtpSink({ auth: LOGIN });
  cleanups.push(() => open.close());
  const channel = channelTo(open.port, {}, LOGIN);
  expect(await send(requestWith({ channel }))).toMatchObject({ type: 'retryable', code: 'tls_failed' });
  const outcome = await send(requestWith({ channel: channelTo(open.port, { requireTls: false }, LOGIN) }));
  expect(outcome.type).toBe('accepted');
  expect(open.mails[0]?.user).toBe('mailer');
});

test('settings want a host, a port, and an address as first identity', () => {
  const good = { host: 'smtp.example.com', port: 587, identities: ['a@example.com', '@example.com'] };
  expect(createSmtp({ egress: fixture.egress }).settings.parse(good)).toEqual({ ...good, poolSize: 5 });
  for (const bad of [
    { host: 'a b' },
    { port: 0 },
    { identities: [] },
    { identities: ['@example.com'] },
    { identities: ['x'] },
  ]) {
    expect(createSmtp({ egress: fixture.egress }).settings.safeParse({ ...good, ...bad }).success).toBe(
      false,
    );
  }
});

/** Says yes until the body flows, and cuts the line in its middle. */
async function startServerThatCutsTheBody(): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((socket: Socket) => {
    let inBody = false;
    socket.on('error', () => undefined);
    socket.write('220 ready\r\n');
    socket.on('data', (chunk: Buffer) => {
      if (inBody) return void socket.resetAndDestroy();
      const line = chunk.toString();
      inBody = line.startsWith('DATA');
      socket.write(inBody ? '354 go on\r\n' : '250 ok\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
