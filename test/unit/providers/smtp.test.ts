import { type AddressInfo, createServer, type Socket } from 'node:net';
import { parseEgressAllow } from '../../../src/providers/egress/address-policy';
import { createEgress, type Egress } from '../../../src/providers/egress/guarded-client';
import { type SendRequest } from '../../../src/providers/contract';
import { createSmtp } from '../../../src/providers/smtp';
import { describeProvider, type ProviderHarness, requestFor } from '../../support/provider-conformance';
import { type SmtpScript, type SmtpSink, startSmtpSink } from '../../support/sinks/smtp-sink';

const LOOPBACK = parseEgressAllow('127.0.0.0/8');
const TIMEOUTS = { connectMs: 500, totalMs: 1_000 };
const LOGIN = { user: 'mailer', pass: 'hush-hush' };

const channelTo = (port: number, more: object = {}, credentials: object = {}) => ({
  id: `channel-${port}`,
  kind: 'email' as const,
  settings: {
    host: '127.0.0.1',
    port,
    identities: ['news@example.com', '@example.org'],
    poolSize: 2,
    ...more,
  },
  credentials,
});

async function startHarness(): Promise<ProviderHarness> {
  const sink = await startSmtpSink({ auth: LOGIN });
  const egress = createEgress({ allow: LOOPBACK });
  const smtp = createSmtp({ egress, timeouts: TIMEOUTS });
  const channel = channelTo(sink.port, { requireTls: false }, LOGIN);
  const playing =
    (script: SmtpScript, more: Partial<SendRequest> = {}) =>
    () => {
      sink.reset();
      sink.script(script);
      return more;
    };
  return {
    provider: smtp,
    channel,
    to: 'quentin.k7q@example.com',
    secrets: ['hush-hush', 'k7q'],
    arrange: {
      accepts: playing({}),
      throttles: playing({ mail: { code: 451, message: '4.7.1 quentin.k7q@example.com: rate limited' } }),
      'fails for now': playing({
        rcpt: { code: 450, message: '4.2.0 <quentin.k7q@example.com>: mailbox busy' },
      }),
      'refuses the message': playing({ data: { code: 554, message: '5.6.0 no, quentin.k7q@example.com' } }),
      'refuses the credentials': playing(
        {},
        {
          channel: { ...channel, id: 'other', credentials: { user: 'mailer', pass: 'wrong' } },
        },
      ),
      'takes the request and never answers': playing({ data: 'hang' }),
      'is not listening': async () => {
        const gone = await startSmtpSink();
        await gone.close();
        return { channel: channelTo(gone.port) };
      },
      'takes the request and cuts the connection': playing({ data: 'drop' }),
    },
    called: (count) => sink.waitUntil(({ seen }) => seen.length >= count),
    keys: () => sink.seen.map((mail) => mail.messageId ?? ''),
    close: async () => {
      smtp.close();
      await sink.close();
      await egress.close();
    },
  };
}

describeProvider('smtp', startHarness);

describe('smtp', () => {
  let sink: SmtpSink;
  let egress: Egress;
  let smtp: ReturnType<typeof createSmtp>;
  beforeAll(async () => {
    sink = await startSmtpSink();
    egress = createEgress({ allow: LOOPBACK });
    smtp = createSmtp({ egress, timeouts: TIMEOUTS });
  });
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    sink.reset();
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });
  afterAll(async () => {
    smtp.close();
    await sink.close();
    await egress.close();
  });
  const requestWith = (changes: Partial<SendRequest> = {}): SendRequest =>
    requestFor({ channel: channelTo(sink.port), to: 'ada@example.com' }, changes);
  const send = (request: SendRequest) => smtp.send(request as never, new AbortController().signal);
  const content = (changes: object): Pick<SendRequest, 'content'> => ({
    content: { text: 'Text', headers: {}, attachments: [], images: [], actions: [], ...changes },
  });

  test('one mail goes to to, cc and bcc in one envelope, and bcc stands nowhere in it', async () => {
    const request = requestWith({
      alsoTo: ['bob@example.com'],
      cc: ['carl@example.com'],
      bcc: ['dora@example.com'],
      ...content({
        title: 'Grüße',
        text: 'Hallo',
        html: '<p>Hallo</p>',
        headers: { 'List-Unsubscribe': '<https://e.test/u>' },
      }),
      from: { address: 'billing@example.org', name: 'Billing, "Dept"' },
      inReplyTo: '<earlier@example.com>',
    });
    expect(await send(request)).toMatchObject({ type: 'accepted' });
    const [mail] = sink.mails;
    expect(mail?.from).toBe('billing@example.org');
    expect(mail?.to).toEqual(['ada@example.com', 'bob@example.com', 'carl@example.com', 'dora@example.com']);
    expect(mail?.raw).not.toMatch(/dora|^bcc/im);
    expect(mail?.raw).not.toMatch(/nodemailer|x-mailer/i);
    expect(mail?.messageId).toBe(`<${request.key}@volley>`);
    expect(mail?.parsed).toMatchObject({
      subject: 'Grüße',
      html: '<p>Hallo</p>',
      inReplyTo: '<earlier@example.com>',
      references: '<earlier@example.com>',
      from: { value: [{ address: 'billing@example.org', name: 'Billing, "Dept"' }] },
    });
    expect(mail?.parsed.text?.trim()).toBe('Hallo');
    expect(mail?.raw).toContain('List-Unsubscribe: <https://e.test/u>');
  });

  test('attachments arrive byte for byte, an inline one under its name as Content-ID', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    await send(
      requestWith({
        ...content({ html: '<img src="cid:logo.png">' }),
        attachments: [
          { filename: 'logo.png', contentType: 'image/png', content: bytes, inline: true },
          { filename: 'Größe "1".pdf', contentType: 'application/pdf', content: bytes, inline: false },
          { filename: 'odd', contentType: 'text/<script>', content: bytes, inline: false },
        ],
      }),
    );
    const attachments = sink.mails[0]?.parsed.attachments ?? [];
    expect(attachments.map(({ filename, contentType, cid }) => ({ filename, contentType, cid }))).toEqual(
      expect.arrayContaining([
        { filename: 'logo.png', contentType: 'image/png', cid: 'logo.png' },
        { filename: 'Größe "1".pdf', contentType: 'application/pdf', cid: undefined },
        { filename: 'odd', contentType: 'application/octet-stream', cid: undefined },
      ]),
    );
    for (const { content: received } of attachments) expect(received.equals(bytes)).toBe(true);
  });

  test.each<[string, Partial<SendRequest>, string]>([
    ['subject', content({ title: 'a\r\nBcc: x@evil.test' }), 'invalid_header'],
    ['subject with NUL', content({ title: 'a\0' }), 'invalid_header'],
    ['header', content({ headers: { 'X-A': 'a\nBcc: x@evil.test' } }), 'invalid_header'],
    ['Reply-To list', content({ headers: { 'Reply-To': 'a@b.co, x@evil.test' } }), 'invalid_header'],
    ['In-Reply-To', { inReplyTo: '<a@b>\r\nBcc: x@evil.test' }, 'invalid_header'],
    ['from name', { from: { address: 'news@example.com', name: 'a\r\nBcc: x@evil.test' } }, 'invalid_header'],
    ['from', { from: { address: 'news@example.com\r\nBcc: x@evil.test' } }, 'invalid_sender'],
    ['foreign from', { from: { address: 'ceo@elsewhere.test' } }, 'invalid_sender'],
    ['to', { to: 'a@b.co, x@evil.test' }, 'invalid_recipient'],
    ['quoted to', { to: '"x@evil.test"@b.co' }, 'invalid_recipient'],
    ['cc', { cc: ['a@b.co\r\nRCPT TO:<x@evil.test>'] }, 'invalid_recipient'],
    ['bcc', { bcc: ['Name <x@evil.test>'] }, 'invalid_recipient'],
    [
      'attachment name',
      {
        attachments: [{ filename: 'a\r\nX: y', contentType: 'a/b', content: Buffer.from(''), inline: true }],
      },
      'invalid_header',
    ],
  ])('an injection through the %s is refused before anything is sent', async (_where, changes, code) => {
    expect(await send(requestWith(changes))).toMatchObject({
      type: 'permanent',
      code,
      reason: 'provider_refused',
    });
    expect(sink.seen).toHaveLength(0);
  });

  test('headers outside the allow-list are left out, and cannot replace ours', async () => {
    const headers = {
      'X-Campaign': 'spring',
      Bcc: 'x@evil.test',
      From: 'x@evil.test',
      'Message-ID': '<x@y>',
      Sender: 'x',
      'Reply-To': 'Help <help@example.com>',
    };
    const request = requestWith(content({ headers }));
    await send(request);
    const [mail] = sink.mails;
    expect(mail?.to).toEqual(['ada@example.com']);
    expect(mail?.raw).toMatch(/^X-Campaign: spring\r?$/m);
    expect(mail?.raw).toMatch(/^Reply-To: Help <help@example.com>\r?$/m);
    expect(mail?.raw).not.toMatch(/evil|^Sender/m);
    expect(mail?.messageId).toBe(`<${request.key}@volley>`);
  });

  test('a text that looks like SMTP stays text', async () => {
    await send(requestWith(content({ text: 'one\r\n.\r\nMAIL FROM:<x@evil.test>\r\n..two' })));
    expect(sink.mails).toHaveLength(1);
    expect(sink.mails[0]?.parsed.text).toContain('\n.\nMAIL FROM:<x@evil.test>\n..two');
  });

  test('an international domain goes into the envelope in ASCII', async () => {
    await send(requestWith({ to: 'ada@bücher.example' }));
    // The sink decodes the envelope, so the header is what shows it.
    expect(sink.mails[0]?.raw).toMatch(/^To: ada@xn--bcher-kva\.example\r?$/m);
  });

  test('the default sender is the first identity, with the default name', async () => {
    await send(requestWith({ channel: channelTo(sink.port, { defaultFromName: 'The News' }) }));
    expect(sink.mails[0]?.parsed.from?.text).toBe('"The News" <news@example.com>');
  });

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

  test('with the recipient refused and cc taken, the recipient is what counts', async () => {
    sink.script({ rcpt: (address) => (address.startsWith('ada') ? reply(550, '5.1.1 no') : undefined) });
    expect(await send(requestWith({ cc: ['carl@example.com'] }))).toMatchObject({
      type: 'permanent',
      code: 'smtp_550',
    });
  });

  test('an abort before the message was handed over is retryable, and nothing arrives', async () => {
    sink.script({ mail: 'hang' });
    const stop = new AbortController();
    const before = sink.connections;
    const call = createSmtp({ egress, timeouts: TIMEOUTS }).send(requestWith() as never, stop.signal);
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
    const own = createSmtp({ egress, timeouts: { connectMs: 2_000, totalMs: 5_000 } });
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
    expect(await rebound.send(requestWith({ channel }) as never, new AbortController().signal)).toMatchObject(
      { code: 'address_refused' },
    );
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
    expect(smtp.settings.parse(good)).toEqual({ ...good, poolSize: 5 });
    for (const bad of [
      { host: 'a b' },
      { port: 0 },
      { identities: [] },
      { identities: ['@example.com'] },
      { identities: ['x'] },
    ]) {
      expect(smtp.settings.safeParse({ ...good, ...bad }).success).toBe(false);
    }
  });
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
