import { createHmac, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { type CallbackResult } from '../../../src/providers/callbacks/contract';
import { discreet } from '../../../src/providers/callbacks/discreet';
import { eventsOfDsn, readDsn } from '../../../src/providers/callbacks/dsn';
import { isFresh } from '../../../src/providers/callbacks/freshness';
import { createCallbackReaders } from '../../../src/providers/callbacks/readers';
import { createTokenSigner, returnPath, tokenIn } from '../../../src/providers/callbacks/return-path';
import { createSmtpBounceReader } from '../../../src/providers/callbacks/smtp';
import { isEmailAddress } from '../../../src/providers/email-address';

const KEY = Buffer.alloc(32, 3);
const SIGNER = createTokenSigner(KEY);
const WORKSPACE = randomUUID();
const DELIVERY = randomUUID();
const TOKEN = SIGNER.sign(WORKSPACE, DELIVERY);
const NOW_MS = 1_700_000_000_000;

interface Bounce {
  readonly to?: string;
  readonly returned?: string;
  readonly recipients?: readonly string[];
  readonly boundary?: string;
  readonly eol?: string;
}

const recipient = (action: string, status: string, who = 'ada@example.com') =>
  [
    `Original-Recipient: rfc822;${who}`,
    `Final-Recipient: rfc822; ${who.toUpperCase()}`,
    `Action: ${action}`,
    `Status: ${status}`,
    'Remote-MTA: dns; mx.example.com',
    `Diagnostic-Code: smtp; 550 ${status} <${who}>:`,
    '    Recipient address rejected',
  ].join('\n');

/** A bounce in the shape of the common mail servers. */
function bounce({ to, returned, recipients, boundary = 'A1/b.c', eol = '\r\n' }: Bounce = {}): Buffer {
  const lines = [
    'Return-Path: <>',
    `To: ${to ?? returnPath(TOKEN, 'bounces.example.org')}`,
    'Subject: Undelivered Mail Returned to Sender',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status;\n\tboundary="${boundary}"`,
    '',
    'This is a MIME-encapsulated message.',
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'I am sorry.',
    `--${boundary}--not-the-end`,
    '',
    `--${boundary}`,
    'Content-Description: Delivery report',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mail.example.org',
    'Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000 (UTC)',
    '',
    ...(recipients ?? [recipient('failed', '5.1.1')]).flatMap((one) => [one, '']),
    `--${boundary}`,
    'Content-Type: message/rfc822',
    '',
    `Return-Path: <${returned ?? 'nobody@example.org'}>`,
    'From: news@example.org',
    'Content-Type: multipart/alternative; boundary=inner',
    '',
    '--inner',
    '',
    'Hello',
    '--inner--',
    `--${boundary}--`,
    '',
  ];
  return Buffer.from(lines.join('\n').replaceAll('\n', eol));
}

describe('return paths', () => {
  test('a token is the delivery, and an HMAC of workspace and delivery', () => {
    const mac = createHmac('sha256', KEY).update(`return-path\n${WORKSPACE}\n${DELIVERY}`).digest('hex');
    expect(TOKEN).toBe(DELIVERY.replaceAll('-', '') + mac.slice(0, 24));
    expect(SIGNER.verify(TOKEN, WORKSPACE)).toBe(DELIVERY);
    expect(SIGNER.verify(TOKEN.toUpperCase(), WORKSPACE)).toBe(DELIVERY);
  });

  test('the address is valid, and gives the token back from wherever it stands', () => {
    const address = returnPath(TOKEN, 'bounces.example.org');
    expect(isEmailAddress(address)).toBe(true);
    for (const text of [
      address,
      `<${address}>`,
      `Bounces <${address.toUpperCase()}>`,
      `rfc822; ${address}`,
    ]) {
      expect(tokenIn(text)).toBe(TOKEN);
    }
    expect(tokenIn(`x${address}`)).toBeUndefined();
    expect(tokenIn('bounce+abc@example.org')).toBeUndefined();
  });

  test('a token of another workspace or another key is not ours', () => {
    expect(SIGNER.verify(TOKEN, randomUUID())).toBeUndefined();
    expect(createTokenSigner(Buffer.alloc(32, 4)).verify(TOKEN, WORKSPACE)).toBeUndefined();
    for (const text of ['', 'x', TOKEN.slice(1), `${TOKEN}0`])
      expect(SIGNER.verify(text, WORKSPACE)).toBeUndefined();
  });

  test('whatever digit is changed, the token is refused', () => {
    fc.assert(
      fc.property(fc.nat(TOKEN.length - 1), fc.constantFrom(...'0123456789abcdef'), (at, digit) => {
        const changed = `${TOKEN.slice(0, at)}${digit}${TOKEN.slice(at + 1)}`;
        expect(SIGNER.verify(changed, WORKSPACE)).toBe(changed === TOKEN ? DELIVERY : undefined);
      }),
    );
  });

  test('a short key, and an id that is none, are errors of the caller', () => {
    expect(() => createTokenSigner(Buffer.alloc(31))).toThrow(RangeError);
    expect(() => SIGNER.sign(WORKSPACE, 'x')).toThrow(RangeError);
  });
});

describe('bounces', () => {
  test.each<[string, Bounce]>([
    ['with CRLF', {}],
    ['with bare LF', { eol: '\n' }],
    [
      'with the token in the returned mail only',
      { to: 'postmaster@example.org', returned: returnPath(TOKEN, 'x.example') },
    ],
    ['with a boundary full of signs', { boundary: "a.(b)+c?'d=_/:1" }],
  ])('a report %s is read', (_name, given) => {
    expect(readDsn(bounce(given))).toEqual({
      recipientToken: TOKEN,
      reports: [
        {
          action: 'failed',
          status: '5.1.1',
          diagnostic: '550 5.1.1 <[address]>: Recipient address rejected',
          recipient: 'ada@example.com',
        },
      ],
    });
  });

  test.each<[string, string, object | undefined]>([
    ['failed', '5.1.1', { type: 'bounced', hard: true }],
    ['failed', '5.1.10', { type: 'bounced', hard: true }],
    ['failed', '5.2.1', { type: 'bounced', hard: true }],
    ['failed', '5.2.2', { type: 'bounced', hard: false }],
    ['failed', '4.1.1', { type: 'bounced', hard: false }],
    ['failed', '5.0.0', { type: 'bounced', hard: false }],
    ['failed', '4.4.7', { type: 'carrier_expired' }],
    ['failed', '5.7.26', { type: 'carrier_refused' }],
    ['delayed', '4.4.1', { type: 'deferred' }],
    ['delivered', '2.0.0', { type: 'delivered' }],
    ['relayed', '2.0.0', undefined],
    ['expanded', '2.0.0', undefined],
  ])('%s %s is %j', (action, status, expected) => {
    const dsn = readDsn(bounce({ recipients: [recipient(action, status)] }));
    const events = eventsOfDsn(dsn ?? { reports: [] }, { deliveryId: DELIVERY, nowMs: NOW_MS });
    expect(events).toHaveLength(expected ? 1 : 0);
    if (expected)
      expect(events[0]).toMatchObject({ ...expected, deliveryId: DELIVERY, code: status, atMs: NOW_MS });
  });

  test('each recipient has a report and an event of its own, the same when it comes again', () => {
    const raw = bounce({
      recipients: [recipient('failed', '5.1.1'), recipient('failed', '5.1.1', 'bob@example.com')],
    });
    const read = () => eventsOfDsn(readDsn(raw) ?? { reports: [] }, { deliveryId: DELIVERY, nowMs: NOW_MS });
    expect(read().map((event) => event.recipient)).toEqual(['ada@example.com', 'bob@example.com']);
    expect(new Set([...read(), ...read()].map(({ dedupe }) => dedupe)).size).toBe(2);
  });

  test.each<[string, string]>([
    [
      'an answer of a holiday program',
      `To: ${returnPath(TOKEN, 'x.example')}\nAuto-Submitted: auto-replied\n\nAway.`,
    ],
    [
      'a feedback report',
      'Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nx\n--b--',
    ],
    ['a report without a recipient', bounce({ recipients: [] }).toString()],
    ['a report without a boundary', 'Content-Type: multipart/report\n\nx'],
    ['nothing', ''],
  ])('%s is no bounce', (_name, raw) => {
    expect(readDsn(Buffer.from(raw))).toBeUndefined();
  });

  test('no bytes make it throw, and no nesting makes it slow', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => void readDsn(Buffer.from(bytes))));
    const nested = 'Content-Type: multipart/report; boundary=b\n\n--b\n'.repeat(20_000);
    const startMs = performance.now();
    readDsn(Buffer.from(nested));
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });
});

describe('the bounce reader', () => {
  const read = (rawBody: Buffer, workspaceId = WORKSPACE): CallbackResult =>
    createSmtpBounceReader(SIGNER).read(
      { headers: {}, rawBody, url: 'https://volley.example/x', query: {}, nowMs: NOW_MS },
      { workspaceId, settings: {}, credentials: {} },
    );

  test('believes a report with a return path of the channel’s workspace, and no other', () => {
    expect(read(bounce())).toMatchObject({ ok: true, events: [{ type: 'bounced', deliveryId: DELIVERY }] });
    expect(read(bounce(), randomUUID())).toMatchObject({ ok: false, status: 401 });
    const forged = returnPath(`${TOKEN.slice(0, 32)}${'0'.repeat(24)}`, 'x.example');
    expect(read(bounce({ to: forged }))).toMatchObject({ ok: false, status: 401 });
    expect(read(bounce({ to: 'postmaster@example.org' }))).toMatchObject({ ok: false, status: 401 });
    expect(read(Buffer.from('Hello'))).toMatchObject({ ok: false, status: 400 });
  });

  test('each provider with callbacks has its reader, and nobody else', () => {
    const readers = createCallbackReaders({ returnPaths: SIGNER });
    for (const name of ['smtp', 'twilio', 'sendgrid', 'webhook']) expect(readers.get(name)?.name).toBe(name);
    for (const name of ['sandbox', '', 'constructor']) expect(readers.get(name)).toBeUndefined();
  });
});

test.each(['1.7e9', '0x6553f100', ' 1700000000', '1700000000.0', '', 'soon'])(
  'a timestamp is plain digits: %j is not fresh',
  (timestamp) => expect(isFresh(timestamp, NOW_MS)).toBe(false),
);

describe('details', () => {
  test.each<[unknown, string | undefined]>([
    ['550 5.7.26 policy', '550 5.7.26 policy'],
    ['a\r\n  b\0c', 'a b c'],
    ['<ada@example.com>,bob@example.com;x', '<[address]>,[address];x'],
    ['see https://example.com/?u=ada', 'see [url]'],
    ['call +49 (151) 123-4567 now', 'call [number] now'],
    ['x'.repeat(5_000), 'x'.repeat(200)],
    [`${'x'.repeat(199)}😀`, 'x'.repeat(199)],
    [`${'x'.repeat(198)}😀`, `${'x'.repeat(198)}😀`],
    ['   ', undefined],
    [7, undefined],
  ])('%j is shown as %j', (given, shown) => {
    expect(discreet(given)).toBe(shown);
  });

  test('whatever the text, what is shown is one that Postgres can keep', () => {
    const unit = fc.constantFrom('😀', '\ud83d', '\ude00', 'x', ' ', '\0');
    const near = fc.string({ unit, minLength: 5, maxLength: 20 }).map((text) => 'x'.repeat(195) + text);
    fc.assert(fc.property(near, (text) => expect(discreet(text)).not.toMatch(/[\0\p{Surrogate}]/u)));
  });

  test('no text leaves an @ in it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => expect(discreet(`${a}@${b}`)).not.toContain('@')),
    );
  });
});
