import { generateKeyPairSync } from 'node:crypto';
import { type Outcome, type SendRequest } from '../../../src/providers/contract';
import { parseEgressAllow } from '../../../src/providers/egress/address-policy';
import { createEgress, type Egress } from '../../../src/providers/egress/guarded-client';
import { createSendgrid } from '../../../src/providers/sendgrid';
import { describeProvider, type ProviderHarness, requestFor } from '../../support/provider-conformance';
import { type SinkAnswer } from '../../support/sinks/http-answers';
import { errorOf, type SendgridSink, startSendgridSink } from '../../support/sinks/sendgrid-sink';

const API_KEY = 'SG.hush-hush.k3y';
const LOOPBACK = parseEgressAllow('127.0.0.0/8');
const TO = 'quentin.k7q@example.com';

const channelTo = (baseUrl: string, more: object = {}, apiKey = API_KEY) => ({
  id: 'channel-1',
  kind: 'email' as const,
  settings: { baseUrl, identities: ['news@example.com', '@example.org'], ...more },
  credentials: { apiKey },
});

async function startHarness(): Promise<ProviderHarness> {
  const sink = await startSendgridSink({ apiKey: API_KEY });
  const egress = createEgress({ allow: LOOPBACK });
  const answering =
    (answer?: SinkAnswer, more: Partial<SendRequest> = {}) =>
    () => {
      sink.reset();
      sink.fail(answer);
      return more;
    };
  return {
    provider: createSendgrid({ egress, totalTimeoutMs: 3_000 }),
    channel: channelTo(sink.url),
    to: TO,
    secrets: ['hush-hush', 'k7q'],
    arrange: {
      accepts: answering(),
      throttles: answering(errorOf(429, 'too many requests', null)),
      'fails for now': answering(errorOf(503, `no service for ${TO}`, null)),
      'refuses the message': answering(errorOf(400, `${TO} is not valid`, 'personalizations.0.to.0.email')),
      'refuses the credentials': answering(undefined, { channel: channelTo(sink.url, {}, 'SG.wrong.key') }),
      'takes the request and never answers': answering({ then: 'hang' }),
      'is not listening': async () => {
        const gone = await startSendgridSink({ apiKey: API_KEY });
        await gone.close();
        return { channel: channelTo(gone.url) };
      },
      'takes the request and cuts the connection': answering({ then: 'reset' }),
    },
    called: (count) => sink.waitFor(count),
    keys: () =>
      sink.requests.map(
        ({ json }) =>
          (json as { personalizations: [{ custom_args: { volley_delivery: string } }] }).personalizations[0]
            .custom_args.volley_delivery,
      ),
    close: async () => {
      await sink.close();
      await egress.close();
    },
  };
}

describeProvider('sendgrid', startHarness);

describe('sendgrid', () => {
  let sink: SendgridSink;
  let egress: Egress;
  const nowMs = 1_700_000_000_000;
  beforeAll(async () => {
    sink = await startSendgridSink({ apiKey: API_KEY });
    egress = createEgress({ allow: LOOPBACK });
  });
  beforeEach(() => sink.reset());
  afterAll(async () => {
    await sink.close();
    await egress.close();
  });
  const requestWith = (changes: Partial<SendRequest> = {}, settings: object = {}) =>
    requestFor({ channel: channelTo(sink.url, settings), to: TO }, changes);
  const send = (request = requestWith()): Promise<Outcome> =>
    createSendgrid({ egress, now: () => nowMs }).send(request as never, new AbortController().signal);
  const content = (changes: object) => ({
    content: {
      title: 'Title',
      text: 'Text',
      headers: {},
      attachments: [],
      images: [],
      actions: [],
      ...changes,
    },
  });

  test('sends one personalization with everything in its place, and keeps the vendor id', async () => {
    const request = requestWith(
      {
        alsoTo: ['second@example.com'],
        cc: ['copy@example.com'],
        bcc: ['blind@example.com'],
        from: { address: 'ada@example.org', name: 'Ada' },
        inReplyTo: 'earlier@example.com',
        ...content({
          html: '<p>Text</p>',
          headers: {
            'Reply-To': 'Help <help@example.com>',
            'X-Campaign': 'spring',
            'X-Sender': 'no',
            To: 'no',
          },
        }),
        attachments: [
          { filename: 'a.txt', contentType: 'text/plain', content: Buffer.from('abc'), inline: false },
          { filename: 'logo.png', contentType: 'image/png; x=1', content: Buffer.from([1]), inline: true },
        ],
      },
      { defaultFromName: 'News' },
    );
    const outcome = await send(request);
    const [taken] = sink.mails;
    expect(outcome).toEqual({ type: 'accepted', vendorId: taken?.id });
    expect(taken?.mail).toEqual({
      personalizations: [
        {
          to: [{ email: TO }, { email: 'second@example.com' }],
          cc: [{ email: 'copy@example.com' }],
          bcc: [{ email: 'blind@example.com' }],
          custom_args: {
            volley_workspace: request.workspaceId,
            volley_message: request.messageId,
            volley_delivery: request.deliveryId,
          },
        },
      ],
      from: { email: 'ada@example.org', name: 'Ada' },
      reply_to: { email: 'help@example.com', name: 'Help' },
      subject: 'Title',
      content: [
        { type: 'text/plain', value: 'Text' },
        { type: 'text/html', value: '<p>Text</p>' },
      ],
      headers: {
        'X-Campaign': 'spring',
        'In-Reply-To': '<earlier@example.com>',
        References: '<earlier@example.com>',
      },
      attachments: [
        { content: 'YWJj', type: 'text/plain', filename: 'a.txt', disposition: 'attachment' },
        {
          content: 'AQ==',
          type: 'application/octet-stream',
          filename: 'logo.png',
          disposition: 'inline',
          content_id: 'logo.png',
        },
      ],
    });
  });

  test('the default sender is the first identity with the default name', async () => {
    await send(requestWith({}, { defaultFromName: 'News' }));
    expect(sink.mails[0]?.mail.from).toEqual({ email: 'news@example.com', name: 'News' });
  });

  test('an address given twice is sent once, which SendGrid insists on', async () => {
    const request = requestWith({
      alsoTo: [TO.toUpperCase()],
      cc: ['copy@example.com', TO],
      bcc: ['COPY@example.com'],
    });
    expect((await send(request)).type).toBe('accepted');
    expect(sink.mails[0]?.mail.personalizations[0]).toMatchObject({
      to: [{ email: TO }],
      cc: [{ email: 'copy@example.com' }],
    });
    expect(sink.mails[0]?.mail.personalizations[0]).not.toHaveProperty('bcc');
  });

  test.each<[Partial<SendRequest>, string]>([
    [{ from: { address: 'stranger@elsewhere.com' } }, 'invalid_sender'],
    [{ to: 'nobody' }, 'invalid_recipient'],
    [{ cc: ['a@b.example, c@d.example'] }, 'invalid_recipient'],
    [content({ headers: { 'X-Test': 'a\r\nBcc: x@evil.test' } }), 'invalid_header'],
    [content({ title: '' }), 'subject_missing'],
    [content({ text: '' }), 'content_missing'],
  ])('%j is refused as %s before anything is sent', async (changes, code) => {
    expect(await send(requestWith(changes))).toMatchObject({
      type: 'permanent',
      code,
      reason: 'provider_refused',
    });
    expect(sink.requests).toHaveLength(0);
  });

  test.each<[SinkAnswer, object]>([
    [
      errorOf(400, 'bad', 'personalizations.0.to.0.email'),
      { type: 'permanent', code: 'http_400', reason: 'provider_refused' },
    ],
    [errorOf(413, 'too large', null), { type: 'permanent', code: 'http_413', reason: 'provider_refused' }],
    [errorOf(401, 'invalid grant', null), { type: 'permanent', reason: 'credentials_refused' }],
    [
      errorOf(403, 'access forbidden', null),
      { type: 'permanent', code: 'http_403', reason: 'credentials_refused' },
    ],
    [
      errorOf(403, 'The from address does not match a verified Sender Identity.', 'from'),
      { type: 'permanent', code: 'sender_not_verified', reason: 'provider_refused' },
    ],
    [errorOf(404, 'not found', null), { type: 'permanent', reason: 'provider_refused' }],
    [
      errorOf(429, 'slow', null, { 'x-ratelimit-reset': String(nowMs / 1000 + 30) }),
      { type: 'throttled', retryAfterMs: 30_000 },
    ],
    [
      errorOf(429, 'slow', null, { 'x-ratelimit-reset': '99999999999' }),
      { type: 'throttled', retryAfterMs: 3_600_000 },
    ],
    [
      errorOf(429, 'slow', null, { 'x-ratelimit-reset': String(nowMs / 1000 + 30), 'retry-after': '7' }),
      { type: 'throttled', retryAfterMs: 7_000 },
    ],
    [errorOf(500, 'oops', null), { type: 'ambiguous', code: 'http_500' }],
    [{ status: 502 }, { type: 'ambiguous' }],
    [{ status: 504 }, { type: 'ambiguous' }],
    [
      { status: 503, headers: { 'retry-after': '5' } },
      { type: 'retryable', retryAfterMs: 5_000 },
    ],
    [{ status: 408 }, { type: 'retryable' }],
    [{ then: 'garbage' }, { type: 'ambiguous' }],
  ])('%j is %j', async (answer, expected) => {
    sink.fail(answer);
    expect(await send()).toMatchObject(expected);
    expect(sink.requests).toHaveLength(1);
  });

  test.each(['0', '-5', 'soon', String(nowMs / 1000 - 5)])(
    'X-RateLimit-Reset %j leaves the pause to us',
    async (reset) => {
      sink.fail(errorOf(429, 'slow', null, { 'x-ratelimit-reset': reset }));
      expect(await send()).not.toHaveProperty('retryAfterMs');
    },
  );

  test('an id that is none is not kept', async () => {
    sink.fail({ status: 202, headers: { 'x-message-id': '<odd id>' } });
    expect(await send()).toEqual({ type: 'accepted' });
  });

  test('names the field that SendGrid blames, and nothing of its text', async () => {
    sink.fail(errorOf(400, `Does not contain a valid address: ${TO}`, 'from.email'));
    expect(await send()).toHaveProperty('message', 'SendGrid refused the request because of from.email.');
    sink.fail(errorOf(400, 'x', `headers.${TO}`));
    expect(await send()).toHaveProperty('message', 'SendGrid refused the request.');
  });

  test('its settings take the verification key as SendGrid shows it, and no other text', () => {
    const { settings } = createSendgrid({ egress });
    const identities = ['news@example.com'];
    const shown = (namedCurve: string) =>
      generateKeyPairSync('ec', { namedCurve })
        .publicKey.export({ format: 'der', type: 'spki' })
        .toString('base64');
    expect(settings.parse({ identities, eventPublicKey: shown('prime256v1') }).baseUrl).toBe(
      'https://api.sendgrid.com',
    );
    for (const eventPublicKey of ['', 'nonsense', shown('secp384r1'), `${shown('prime256v1')}\n`]) {
      expect(settings.safeParse({ identities, eventPublicKey }).success).toBe(false);
    }
    expect(settings.safeParse({ identities: ['@example.com'] }).success).toBe(false);
  });
});
