import { randomUUID } from 'node:crypto';
import {
  type Outcome,
  type Provider,
  type ProviderChannel,
  type SendRequest,
} from '../../src/providers/contract';

/** What the vendor does, or what is wrong with the channel. */
export const SITUATIONS = [
  'accepts',
  'throttles',
  'fails for now',
  'refuses the message',
  'refuses the credentials',
  'takes the request and never answers',
  'is not listening',
  'takes the request and cuts the connection',
] as const;
export type Situation = (typeof SITUATIONS)[number];

/** Puts the vendor into a situation; may change the request (another recipient, another channel). */
type Arrange = () => Promise<Partial<SendRequest>> | Partial<SendRequest>;

export interface ProviderHarness {
  /** With time-outs short enough for a test, and well above ABORT_MS: it is the abort that ends a call. */
  readonly provider: Provider;
  readonly channel: ProviderChannel;
  readonly to: string;
  /** Strings that no outcome may contain: credentials, and what is telling in the recipient's address. */
  readonly secrets: readonly string[];
  /** Each situation, or null where this kind of vendor cannot be in it. */
  readonly arrange: Readonly<Record<Situation, Arrange | null>>;
  /** Resolves once the vendor has got `count` calls since the last arrangement. */
  called(count: number): Promise<void>;
  /** What identified each call at the vendor, in order, since the last arrangement. */
  keys(): readonly string[];
  close(): Promise<void>;
}

/** Margin on top of a provider's own bound: timers are late on a busy machine. */
const MARGIN_MS = 2_000;
/** How soon an abort ends a call. */
const ABORT_MS = 1_000;

const EXPECTED: Readonly<Record<Situation, readonly Outcome['type'][]>> = {
  accepts: ['accepted'],
  throttles: ['throttled'],
  'fails for now': ['retryable'],
  'refuses the message': ['permanent'],
  'refuses the credentials': ['permanent'],
  'takes the request and never answers': ['ambiguous'],
  'is not listening': ['retryable'],
  'takes the request and cuts the connection': ['ambiguous'],
};

const POISON: Readonly<Record<string, Partial<SendRequest['content']>>> = {
  'line breaks in the title': { title: 'Hi\r\nBcc: someone@evil.test\r\n\r\nbody' },
  'NUL in title and text': { title: 'a\0b', text: 'a\0b', html: '<p>\0</p>' },
  'a megabyte of text': { text: 'x'.repeat(1_000_000) },
  'one line of 100 kB with no blank': { text: 'y'.repeat(100_000), html: `<p>${'z'.repeat(100_000)}</p>` },
  'lone surrogates': { title: 'a\ud800b', text: '\udfff', html: '<p>\ud800</p>' },
  'lines that begin with a dot': { text: '.\r\n..\r\n.\r\nQUIT\r\n' },
  'a header that breaks out': { headers: { 'X-Test': 'a\r\nBcc: someone@evil.test', 'Bad Name\r\n': 'x' } },
};

/** The request that a harness starts from. */
export function requestFor(
  harness: Pick<ProviderHarness, 'channel' | 'to'>,
  changes: Partial<SendRequest> = {},
): SendRequest {
  const deliveryId = randomUUID();
  return {
    key: `${deliveryId}.1`,
    workspaceId: randomUUID(),
    messageId: randomUUID(),
    deliveryId,
    attempt: 1,
    channel: harness.channel,
    to: harness.to,
    alsoTo: [],
    cc: [],
    bcc: [],
    content: { title: 'Title', text: 'Text', headers: {}, attachments: [], images: [], actions: [] },
    attachments: [],
    recipient: { id: 'user-1', data: { name: 'Ada' } },
    ...changes,
  };
}

/** What every provider owes the delivery protocol, whoever the vendor is. */
export function describeProvider(name: string, start: () => Promise<ProviderHarness>): void {
  describe(`${name} keeps the provider contract`, () => {
    let harness: ProviderHarness;
    beforeAll(async () => {
      harness = await start();
    });
    afterAll(() => harness.close());

    const arranged = async (situation: Situation): Promise<SendRequest | null> => {
      const arrange = harness.arrange[situation];
      return arrange ? requestFor(harness, await arrange()) : null;
    };
    const send = (request: SendRequest, signal = new AbortController().signal): Promise<Outcome> =>
      harness.provider.send(request, signal);

    test.each(SITUATIONS)('the vendor %s', async (situation) => {
      const request = await arranged(situation);
      if (!request) return;
      const startMs = performance.now();
      const outcome = await send(request);
      expect(EXPECTED[situation]).toContain(outcome.type);
      if (outcome.type === 'permanent') {
        const blamed = situation === 'refuses the credentials' ? 'credentials_refused' : 'provider_refused';
        expect(outcome.reason).toBe(blamed);
      }
      expect(performance.now() - startMs).toBeLessThan(harness.provider.totalTimeoutMs + MARGIN_MS);
      expectDiscreet(outcome, request);
    });

    test('an abort ends the call soon, as ambiguous once the request is out', async () => {
      const request = await arranged('takes the request and never answers');
      if (!request) return;
      const stop = new AbortController();
      const call = send(request, stop.signal);
      await harness.called(1);
      const abortedMs = performance.now();
      stop.abort();
      expect((await call).type).toBe('ambiguous');
      expect(performance.now() - abortedMs).toBeLessThan(ABORT_MS);
    });

    test('a signal that is already aborted sends nothing', async () => {
      const request = await arranged('accepts');
      if (!request) return;
      expect((await send(request, AbortSignal.abort())).type).not.toBe('accepted');
      expect(harness.keys()).toEqual([]);
    });

    test('a retry carries the same key, another delivery another', async () => {
      const request = await arranged('accepts');
      if (!request) return;
      await send(request);
      await send({ ...request, attempt: 2 });
      await send(requestFor(harness));
      const [first, second, third] = harness.keys();
      expect(first).toBeTruthy();
      expect(second).toBe(first);
      expect(third).not.toBe(first);
    });

    test.each(Object.keys(POISON))('%s is an outcome, not an exception', async (poison) => {
      const request = await arranged('accepts');
      if (!request) return;
      const outcome = await send({ ...request, content: { ...request.content, ...POISON[poison] } });
      expect(['accepted', 'permanent']).toContain(outcome.type);
      expectDiscreet(outcome, request);
    });

    test('its settings and credentials pass its own schemas, and unknown fields do not', () => {
      const { provider, channel } = harness;
      expect(provider.settings.safeParse(channel.settings).success).toBe(true);
      expect(provider.credentials.safeParse(channel.credentials).success).toBe(true);
      expect(provider.settings.safeParse({ ...(channel.settings as object), nonsense: 1 }).success).toBe(
        false,
      );
    });

    /** Outcomes are stored and shown: they may not repeat who it was for, what it said, or how we log in. */
    function expectDiscreet(outcome: Outcome, request: SendRequest): void {
      if (outcome.type === 'accepted') return;
      expect(outcome.code).toMatch(/^[a-z0-9_]{2,60}$/);
      expect(outcome.message.length).toBeLessThan(200);
      for (const secret of [...harness.secrets, request.to, '@', '://', request.content.text]) {
        expect(`${outcome.code} ${outcome.message}`).not.toContain(secret);
      }
    }
  });
}
