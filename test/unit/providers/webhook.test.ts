import { Webhook } from 'standardwebhooks';
import { parseEgressAllow } from '../../../src/providers/egress/address-policy';
import { createEgress, type Egress } from '../../../src/providers/egress/guarded-client';
import { createWebhook } from '../../../src/providers/webhook';
import { describeProvider, type ProviderHarness, requestFor } from '../../support/provider-conformance';
import { redirectTo, type SinkAnswer } from '../../support/sinks/http-answers';
import { type HttpSink, startHttpSink } from '../../support/sinks/http-sink';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const LOOPBACK = parseEgressAllow('127.0.0.0/8');

const channelTo = (url: string, more: object = {}) => ({
  id: 'channel-1',
  kind: 'webhook' as const,
  settings: { url, dedupeWindowSeconds: 86_400, timeoutMs: 3_000, ...more },
  credentials: { secret: SECRET },
});

async function startHarness(): Promise<ProviderHarness> {
  const sink = await startHttpSink();
  const egress = createEgress({ allow: LOOPBACK });
  const answering = (answer: SinkAnswer) => () => {
    sink.reset();
    sink.answer(answer);
    return {};
  };
  return {
    provider: createWebhook({ egress }),
    channel: channelTo(`${sink.url}/hook?token=hush-hush`),
    to: 'user-1',
    secrets: [SECRET, 'hush-hush'],
    arrange: {
      accepts: answering({ status: 202 }),
      throttles: answering({ status: 429 }),
      'fails for now': answering({ status: 503, body: 'user-1 Text' }),
      'refuses the message': answering({ status: 422 }),
      'refuses the credentials': answering({ status: 401 }),
      'takes the request and never answers': answering({ then: 'hang' }),
      'is not listening': async () => {
        const gone = await startHttpSink();
        await gone.close();
        return { channel: channelTo(gone.url) };
      },
      'takes the request and cuts the connection': answering({ then: 'reset' }),
    },
    called: (count) => sink.waitFor(count),
    keys: () => sink.requests.map((request) => request.key ?? ''),
    close: async () => {
      await sink.close();
      await egress.close();
    },
  };
}

describeProvider('webhook', startHarness);

describe('the webhook', () => {
  let sink: HttpSink;
  let egress: Egress;
  beforeAll(async () => {
    sink = await startHttpSink();
    egress = createEgress({ allow: LOOPBACK });
  });
  afterEach(() => sink.reset());
  afterAll(async () => {
    await sink.close();
    await egress.close();
  });
  const requestTo = (more: object = {}) => requestFor({ channel: channelTo(sink.url, more), to: 'user-1' });
  const send = (request = requestTo()) =>
    createWebhook({ egress }).send(request as never, new AbortController().signal);

  test('posts the message with the key, and a signature that the standard library verifies', async () => {
    const request = requestTo();
    await send(request);
    const [seen] = sink.requests;
    if (!seen) throw new Error('nothing came');
    expect(seen).toMatchObject({ method: 'POST', key: request.key });
    expect(seen.headers['webhook-id']).toBe(request.key.replace('.', '-'));
    expect(new Webhook(SECRET).verify(seen.body, { ...seen.headers })).toMatchObject({
      id: request.messageId,
      deliveryId: request.deliveryId,
      workspaceId: request.workspaceId,
      channelId: 'channel-1',
      recipient: { id: 'user-1', data: { name: 'Ada' } },
      content: { title: 'Title', text: 'Text' },
      attempt: 1,
    });
    expect(() => new Webhook(SECRET).verify(`${seen.body} `, { ...seen.headers })).toThrow();
  });

  test('signs what it sends also when the text holds lone surrogates', async () => {
    const request = requestTo();
    await send({ ...request, content: { ...request.content, text: 'a\ud800b' } });
    const [seen] = sink.requests;
    expect(() => new Webhook(SECRET).verify(seen?.body ?? '', { ...seen?.headers })).not.toThrow();
  });

  test('never sends the secret', async () => {
    await send();
    expect(JSON.stringify(sink.requests)).not.toContain(SECRET.slice('whsec_'.length));
  });

  test.each<[SinkAnswer, object]>([
    [{ status: 200 }, { type: 'accepted' }],
    [
      { status: 202, body: '{"id":"vendor-7"}' },
      { type: 'accepted', vendorId: 'vendor-7' },
    ],
    [{ status: 204 }, { type: 'accepted' }],
    [{ status: 200, then: 'huge' }, { type: 'accepted' }],
    [{ status: 200, then: 'cut' }, { type: 'accepted' }],
    [{ status: 200, then: 'slow' }, { type: 'accepted' }],
    [
      { status: 429, headers: { 'retry-after': '7' } },
      { type: 'throttled', retryAfterMs: 7_000 },
    ],
    [
      { status: 429, headers: { 'retry-after': '99999' } },
      { type: 'throttled', retryAfterMs: 3_600_000 },
    ],
    [{ status: 408 }, { type: 'retryable', code: 'http_408' }],
    [{ status: 425 }, { type: 'retryable' }],
    [
      { status: 503, headers: { 'retry-after': '60' } },
      { type: 'retryable', retryAfterMs: 60_000 },
    ],
    [{ status: 500 }, { type: 'ambiguous' }],
    [{ status: 502 }, { type: 'ambiguous' }],
    [{ status: 504 }, { type: 'ambiguous' }],
    [{ status: 401 }, { type: 'permanent', reason: 'credentials_refused' }],
    [{ status: 403 }, { type: 'permanent', reason: 'credentials_refused' }],
    [{ status: 400 }, { type: 'permanent', reason: 'provider_refused' }],
    [{ status: 410 }, { type: 'permanent', reason: 'provider_refused' }],
    [
      redirectTo('http://127.0.0.1:1/', 307),
      { type: 'permanent', reason: 'provider_refused', code: 'http_307' },
    ],
    [{ then: 'garbage' }, { type: 'ambiguous' }],
  ])('%j is %j', async (answer, expected) => {
    sink.answer(answer);
    expect(await send()).toMatchObject(expected);
    expect(sink.requests).toHaveLength(1);
  });

  test.each(['-3', 'garbage', 'Mon, 01 Jan 2001 00:00:00 GMT'])(
    'Retry-After %j leaves the pause to us',
    async (value) => {
      sink.answer({ status: 429, headers: { 'retry-after': value } });
      expect(await send()).not.toHaveProperty('retryAfterMs');
    },
  );

  test.each([
    '[1]',
    'null',
    '{"id":7}',
    '{"id":""}',
    '{"id":"a b"}',
    `{"id":"${'x'.repeat(300)}"}`,
    'not json',
  ])('an answer of %s gives no vendor id', async (body) => {
    sink.answer({ body });
    expect(await send()).toEqual({ type: 'accepted' });
  });

  test('plain HTTP without an allow-list is refused for good, and nothing is sent', async () => {
    const strict = createEgress({ allow: [] });
    const outcome = await createWebhook({ egress: strict }).send(
      requestTo() as never,
      new AbortController().signal,
    );
    expect(outcome).toMatchObject({ type: 'permanent', code: 'address_refused' });
    expect(sink.requests).toHaveLength(0);
  });

  describe('secrets', () => {
    const webhook = createWebhook({ egress: createEgress({ allow: [] }) });
    const { credentials, settings } = webhook;
    const generate = (given: unknown) => webhook.generateCredentials?.(given);

    test('one is made and shown where none is given, another each time, and it signs', () => {
      const [first, second] = [generate({}), generate(undefined)];
      expect(first?.shown?.['secret']).toMatch(/^whsec_/);
      expect(first?.credentials).toEqual({ secret: first?.shown?.['secret'] });
      expect(second?.credentials).not.toEqual(first?.credentials);
      expect(credentials.safeParse(first?.credentials).success).toBe(true);
    });

    test('a given one is kept and not shown; a bad one is left for the schema to refuse', () => {
      expect(generate({ secret: SECRET })).toEqual({ credentials: { secret: SECRET } });
      expect(generate({ secret: 'x' })).toEqual({ credentials: { secret: 'x' } });
    });

    test.each([
      '',
      'whsec_',
      'whsec_c2hvcnQ=',
      `whsec_${'A'.repeat(200)}`,
      'whpk_x',
      `${SECRET}=`,
      `${SECRET} `,
    ])('%j is refused', (secret) => expect(credentials.safeParse({ secret }).success).toBe(false));

    test('settings have defaults, bounds, and only http(s) URLs', () => {
      expect(settings.parse({ url: 'https://example.com/' })).toEqual({
        url: 'https://example.com/',
        dedupeWindowSeconds: 86_400,
        timeoutMs: 15_000,
      });
      for (const bad of [
        {},
        { url: 'ftp://example.com' },
        { url: 'https://example.com', timeoutMs: 30_001 },
      ]) {
        expect(settings.safeParse(bad).success).toBe(false);
      }
    });
  });
});
