import { type SendRequest } from '../../../src/providers/contract';
import { type SmtpSink } from '../../support/sinks/smtp-sink';
import { channelTo, content, type SmtpFixture, startSmtpFixture } from './smtp-fixture';

let fixture: SmtpFixture;
let sink: SmtpSink;
beforeAll(async () => {
  fixture = await startSmtpFixture();
  sink = fixture.sink;
});
afterEach(() => sink.reset());
afterAll(() => fixture.close());
const requestWith = (changes: Partial<SendRequest> = {}) => fixture.requestWith(changes);
const send = (request: SendRequest) => fixture.send(request);

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
    Sender: 'boss@evil.test',
    Received: 'from evil.test',
    'DKIM-Signature': 'v=1; d=evil.test',
    'X-Originating-IP': 'evil',
    'Reply-To': 'Help <help@example.com>',
  };
  const request = requestWith(content({ headers }));
  await send(request);
  const [mail] = sink.mails;
  expect(mail?.to).toEqual(['ada@example.com']);
  expect(mail?.raw).toMatch(/^X-Campaign: spring\r?$/m);
  expect(mail?.raw).toMatch(/^Reply-To: Help <help@example.com>\r?$/m);
  expect(mail?.raw).not.toMatch(/evil/);
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
