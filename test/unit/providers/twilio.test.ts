import { type Outcome, type SendRequest } from '../../../src/providers/contract';
import { parseEgressAllow } from '../../../src/providers/egress/address-policy';
import { createEgress, type Egress } from '../../../src/providers/egress/guarded-client';
import { createTwilio } from '../../../src/providers/twilio';
import { describeProvider, type ProviderHarness, requestFor } from '../../support/provider-conformance';
import { type SinkAnswer } from '../../support/sinks/http-answers';
import { errorOf, startTwilioSink, type TwilioSink } from '../../support/sinks/twilio-sink';

const SID = `AC${'0a'.repeat(16)}`;
const SERVICE = `MG${'0b'.repeat(16)}`;
const API_KEY = { sid: `SK${'0c'.repeat(16)}`, secret: 'also-hush' };
const LOGIN = { accountSid: SID, authToken: 'hush-hush', apiKey: API_KEY };
const LOOPBACK = parseEgressAllow('127.0.0.0/8');
const FROM = '+15005550006';
const TO = '+4915112345678';
const CALLBACK = 'https://volley.example/callbacks/twilio/channel-1?token=t0k3n';

const channelTo = (baseUrl: string, more: object = {}, credentials: object = { authToken: 'hush-hush' }) => ({
  id: 'channel-1',
  kind: 'sms' as const,
  settings: { accountSid: SID, from: FROM, sender: 'sms', baseUrl, callbackUrl: CALLBACK, ...more },
  credentials,
});

async function startHarness(): Promise<ProviderHarness> {
  const sink = await startTwilioSink(LOGIN);
  const egress = createEgress({ allow: LOOPBACK });
  const answering =
    (answer?: SinkAnswer, more: Partial<SendRequest> = {}) =>
    () => {
      sink.reset();
      sink.fail(answer);
      return more;
    };
  return {
    provider: createTwilio({ egress, totalTimeoutMs: 3_000 }),
    channel: channelTo(sink.url),
    to: TO,
    secrets: ['hush-hush', 't0k3n', '15112345678'],
    arrange: {
      accepts: answering(),
      throttles: answering(errorOf(429, 20429, 'Too Many Requests')),
      'fails for now': answering(errorOf(503, 20503, `Service unavailable for ${TO}`)),
      'refuses the message': answering(
        errorOf(400, 21211, `The 'To' number ${TO} is not a valid phone number.`),
      ),
      'refuses the credentials': answering(undefined, {
        channel: channelTo(sink.url, {}, { authToken: 'wrong' }),
      }),
      'takes the request and never answers': answering({ then: 'hang' }),
      'is not listening': async () => {
        const gone = await startTwilioSink(LOGIN);
        await gone.close();
        return { channel: channelTo(gone.url) };
      },
      'takes the request and cuts the connection': answering({ then: 'reset' }),
    },
    called: (count) => sink.waitFor(count),
    keys: () =>
      sink.requests.map(({ body }) => {
        const callback = new URLSearchParams(body).get('StatusCallback') ?? '';
        return new URL(callback).searchParams.get('volley_delivery') ?? '';
      }),
    close: async () => {
      await sink.close();
      await egress.close();
    },
  };
}

describeProvider('twilio', startHarness);

describe('twilio', () => {
  let sink: TwilioSink;
  let egress: Egress;
  beforeAll(async () => {
    sink = await startTwilioSink(LOGIN);
    egress = createEgress({ allow: LOOPBACK });
  });
  beforeEach(() => sink.reset());
  afterAll(async () => {
    await sink.close();
    await egress.close();
  });
  const requestWith = (changes: Partial<SendRequest> = {}, settings: object = {}, credentials?: object) =>
    requestFor({ channel: channelTo(sink.url, settings, credentials), to: TO }, changes);
  const send = (request = requestWith()): Promise<Outcome> =>
    createTwilio({ egress }).send(request as never, new AbortController().signal);
  const withImages = (count: number): Partial<SendRequest> => ({
    content: {
      text: 'Text',
      headers: {},
      attachments: [],
      images: Array.from({ length: count }, (_, index) => ({ url: `https://cdn.example/${index}.png` })),
      actions: [],
    },
  });
  const sunk = () => Object.fromEntries(sink.messages[0]?.form ?? []);

  test('sends the form, with our ids where the callback brings them back', async () => {
    const request = requestWith({}, { validityPeriodSeconds: 600 });
    expect(await send(request)).toEqual({ type: 'accepted', vendorId: sink.messages[0]?.sid });
    expect(sunk()).toEqual({
      To: TO,
      From: FROM,
      Body: 'Text',
      ValidityPeriod: '600',
      StatusCallback: `${CALLBACK}&volley_message=${request.messageId}&volley_delivery=${request.deliveryId}`,
    });
  });

  test('a messaging service stands instead of the number, and without a callback URL none is asked for', async () => {
    await send(requestWith({}, { from: undefined, messagingServiceSid: SERVICE, callbackUrl: undefined }));
    expect(sunk()).toEqual({ To: TO, MessagingServiceSid: SERVICE, Body: 'Text' });
  });

  test.each([`whatsapp:${TO}`, TO, '+49 151 1234-5678'])('WhatsApp from and to numbers: %s', async (to) => {
    await send(requestWith({ to }, { sender: 'whatsapp' }));
    expect(sunk()).toMatchObject({ To: `whatsapp:${TO}`, From: `whatsapp:${FROM}` });
  });

  test('the network of a channel is WhatsApp where its sender is, and else its kind says all', () => {
    const twilio = createTwilio({ egress });
    const networkOf = (settings: object) =>
      twilio.network?.(twilio.settings.parse({ accountSid: SID, from: FROM, ...settings }));
    expect([networkOf({}), networkOf({ sender: 'sms' }), networkOf({ sender: 'whatsapp' })]).toEqual([
      undefined,
      undefined,
      'whatsapp',
    ]);
  });

  test('pictures go as media with WhatsApp, or where the channel says so; else their links in the text do', async () => {
    await send(requestWith(withImages(3)));
    await send(requestWith(withImages(12), { media: true }));
    await send(requestWith(withImages(3), { sender: 'whatsapp' }));
    await send(requestWith(withImages(3), { sender: 'whatsapp', media: false }));
    expect(sink.messages.map(({ form }) => form.getAll('MediaUrl').length)).toEqual([0, 10, 1, 0]);
  });

  test('an API key logs in where there is one', async () => {
    const credentials = { authToken: 'not-this', apiKeySid: API_KEY.sid, apiKeySecret: API_KEY.secret };
    expect((await send(requestWith({}, {}, credentials))).type).toBe('accepted');
  });

  test.each(['', 'nobody', '0151 12345678', '+0151', 'whatsapp:', `${TO},${TO}`])(
    'the recipient %j is refused before anything is sent',
    async (to) => {
      expect(await send(requestWith({ to }))).toMatchObject({ type: 'permanent', code: 'invalid_recipient' });
      expect(sink.requests).toHaveLength(0);
    },
  );

  test.each([
    ['+15005550001', 'twilio_21211'],
    ['+15005550002', 'twilio_21612'],
    ['+15005550003', 'twilio_21408'],
    ['+15005550004', 'twilio_21610'],
    ['+15005550009', 'twilio_21614'],
  ])('the test number %s ends permanent with %s', async (to, code) => {
    expect(await send(requestWith({ to }))).toMatchObject({
      type: 'permanent',
      code,
      reason: 'provider_refused',
    });
  });

  test.each<[SinkAnswer, object]>([
    [errorOf(400, 30007, 'Message filtered'), { type: 'permanent', code: 'twilio_30007' }],
    [errorOf(400, 99999, 'New'), { type: 'permanent', code: 'twilio_99999', reason: 'provider_refused' }],
    [{ status: 400 }, { type: 'permanent', code: 'http_400', reason: 'provider_refused' }],
    [
      errorOf(401, 20003, 'Authenticate'),
      { type: 'permanent', code: 'twilio_20003', reason: 'credentials_refused' },
    ],
    [errorOf(403, 20003, 'Permission denied'), { type: 'permanent', reason: 'credentials_refused' }],
    [errorOf(403, 20005, 'Account not active'), { type: 'permanent', reason: 'credentials_refused' }],
    [errorOf(403, 21408, 'Permission to send'), { type: 'permanent', reason: 'provider_refused' }],
    [{ status: 403 }, { type: 'permanent', reason: 'credentials_refused' }],
    [errorOf(404, 20404, 'Not found'), { type: 'permanent', reason: 'credentials_refused' }],
    [
      errorOf(429, 20429, 'Slow', { 'retry-after': '3' }),
      { type: 'throttled', code: 'twilio_20429', retryAfterMs: 3_000 },
    ],
    [{ status: 429 }, { type: 'throttled', code: 'http_429' }],
    [errorOf(400, 21611, 'Queue full'), { type: 'throttled', code: 'twilio_21611' }],
    [errorOf(500, 20500, 'Oops'), { type: 'ambiguous', code: 'twilio_20500' }],
    [{ status: 502 }, { type: 'ambiguous' }],
    [{ status: 504 }, { type: 'ambiguous' }],
    [errorOf(503, 20503, 'Down', { 'retry-after': '9' }), { type: 'retryable', retryAfterMs: 9_000 }],
    [{ status: 408 }, { type: 'retryable' }],
    [{ status: 201, body: '{"sid":"nonsense"}' }, { type: 'accepted' }],
    [{ status: 201, body: 'null' }, { type: 'accepted' }],
    [{ status: 201, then: 'cut' }, { type: 'accepted' }],
    [{ then: 'garbage' }, { type: 'ambiguous' }],
  ])('%j is %j', async (answer, expected) => {
    sink.fail(answer);
    expect(await send()).toMatchObject(expected);
    expect(sink.requests).toHaveLength(1);
  });

  test('settings want one sender, credentials both halves of an API key', () => {
    const { settings, credentials } = createTwilio({ egress });
    const valid = (more: object) => settings.safeParse({ accountSid: SID, ...more }).success;
    expect(valid({ from: FROM })).toBe(true);
    expect(valid({ from: 'Volley' })).toBe(true);
    expect(valid({ messagingServiceSid: SERVICE })).toBe(true);
    for (const more of [
      {},
      { from: FROM, messagingServiceSid: SERVICE },
      { from: 'a\nb' },
      { from: FROM, callbackUrl: 'ftp://x' },
    ]) {
      expect(valid(more)).toBe(false);
    }
    expect(credentials.safeParse({ authToken: 'x', apiKeySid: API_KEY.sid }).success).toBe(false);
    expect(credentials.safeParse({ authToken: 'x y' }).success).toBe(false);
  });
});
