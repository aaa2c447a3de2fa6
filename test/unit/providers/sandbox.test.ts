import { MAGIC_RECIPIENTS, magicOutcomeOf } from '../../../src/providers/magic-recipients';
import { createSandbox } from '../../../src/providers/sandbox';
import { type SendRequest } from '../../../src/providers/contract';
import { describeProvider, type ProviderHarness, requestFor } from '../../support/provider-conformance';
import { createMemorySandboxLog } from '../../support/sinks/sandbox-log';
import { createWaiters } from '../../support/sinks/waiters';

const HANG_MS = 3_000;

async function startHarness(): Promise<ProviderHarness> {
  const log = createMemorySandboxLog();
  const waiters = createWaiters();
  let calls: string[] = [];
  const noted = <T>(key: string, result: T): T => {
    calls.push(key);
    waiters.changed();
    return result;
  };
  const sandbox = createSandbox({
    log: {
      record: async (entry, options) => noted(entry.key, await log.record(entry, options)),
      countCall: async (entry) => noted(entry.key, await log.countCall(entry)),
    },
    timing: { hangMs: HANG_MS, lateMs: 20 },
  });
  const to = (recipient: string) => () => {
    calls = [];
    return { to: `${recipient}+k7q@sandbox.volley.test` };
  };
  return {
    provider: sandbox,
    channel: {
      id: 'channel-1',
      kind: 'email',
      settings: { deduplicate: true, latencyMs: 0 },
      credentials: {},
    },
    to: 'anyone@example.com',
    secrets: ['k7q'],
    arrange: {
      accepts: to('delivered'),
      throttles: to('throttle'),
      'fails for now': to('fail-once'),
      'refuses the message': to('fail'),
      'refuses the credentials': null,
      'takes the request and never answers': to('hang'),
      'is not listening': null,
      'takes the request and cuts the connection': null,
    },
    called: (count) => waiters.until(() => calls.length >= count, 5_000, 'calls'),
    keys: () => calls,
    close: async () => undefined,
  };
}

describeProvider('sandbox', startHarness);

describe('the sandbox', () => {
  const log = createMemorySandboxLog();
  const sandbox = createSandbox({ log, clock: () => 42, timing: { hangMs: 50, lateMs: 50 } });
  const channelWith = (deduplicate: boolean) => ({
    id: 'channel-1',
    kind: 'any' as const,
    settings: { deduplicate, latencyMs: 0 },
    credentials: {},
  });
  const send = (request: SendRequest) => sandbox.send(request as never, new AbortController().signal);
  const to = (address: string, deduplicate = true) =>
    requestFor({ channel: channelWith(deduplicate), to: address });

  test('counts a repeated key as a call, and as accepted once where it deduplicates', async () => {
    for (const deduplicate of [true, false]) {
      const request = to('someone@example.com', deduplicate);
      await send(request);
      await send({ ...request, attempt: 2 });
      expect(log.rows.get(request.key)).toMatchObject({ calls: 2, accepted: deduplicate ? 1 : 2 });
      expect(sandbox.dedupeWindowMs({ deduplicate, latencyMs: 0 }) > 0).toBe(deduplicate);
    }
  });

  test('settles delivered@ and bounce@ at once, and nobody else', async () => {
    expect(await send(to('delivered@sandbox.volley.test'))).toMatchObject({ settled: 'delivered' });
    expect(await send(to('bounce@sandbox.volley.test'))).toMatchObject({ settled: 'bounced' });
    expect(await send(to('someone@sandbox.volley.test'))).not.toHaveProperty('settled');
    expect(await send(to('late@sandbox.volley.test'))).toMatchObject({ type: 'accepted' });
  });

  test('fail-once@ fails the first attempt only', async () => {
    const request = to('fail-once@sandbox.volley.test');
    expect(await send(request)).toMatchObject({ type: 'retryable', code: 'sandbox_fail_once' });
    expect(await send({ ...request, attempt: 2 })).toMatchObject({ type: 'accepted' });
    expect(log.rows.get(request.key)).toMatchObject({ calls: 2, accepted: 1 });
  });

  test('throttle@ throttles the first call of a key, whatever the attempt is, and counts each call once', async () => {
    const request = to('throttle@sandbox.volley.test');
    expect(await send(request)).toMatchObject({ type: 'throttled', retryAfterMs: 2_000 });
    expect(await send(request)).toMatchObject({ type: 'accepted' });
    expect(log.rows.get(request.key)).toMatchObject({ calls: 2, accepted: 1 });
  });

  test('what is refused or never answered is not counted as accepted', async () => {
    for (const recipient of ['fail', 'hang']) {
      const request = to(`${recipient}@sandbox.volley.test`);
      await send(request);
      expect(log.rows.get(request.key)).toMatchObject({ calls: 1, accepted: 0 });
    }
  });

  test('stores text that any database takes, and no more than it should', async () => {
    const request = to('someone@example.com');
    await send({
      ...request,
      content: { ...request.content, title: 'a\0\ud800b😀', text: 'x'.repeat(200_000) },
    });
    const entry = log.rows.get(request.key)?.entry;
    expect(entry).toMatchObject({ title: 'a\uFFFD\uFFFDb😀', atMs: 42 });
    expect(entry?.text).toHaveLength(100_000);
  });

  test('a log that cannot be reached leaves the call in doubt', async () => {
    const broken = createSandbox({
      log: {
        record: () => Promise.reject(new Error('secret dsn')),
        countCall: () => Promise.reject(new Error()),
      },
    });
    const outcome = await broken.send(to('a@b.co') as never, new AbortController().signal);
    expect(outcome).toMatchObject({ type: 'ambiguous', code: 'sandbox_log_failed' });
  });
});

describe('magic recipients', () => {
  test.each(MAGIC_RECIPIENTS)(
    '$outcome is reached by address, tag, number and id',
    ({ outcome, email, phone, id }) => {
      const [local, domain] = email.split('@');
      for (const address of [
        email,
        email.toUpperCase(),
        `${local}+any.thing@${domain}`,
        phone,
        id,
        `${id}+17`,
      ]) {
        expect(magicOutcomeOf(address)).toBe(outcome);
      }
    },
  );

  test.each([
    'fail@example.com',
    'xfail@sandbox.volley.test',
    'fail',
    '+15005550009',
    '',
    'sandbox-',
    'sandbox-toString',
    '+',
  ])('%j is nobody special', (address) => expect(magicOutcomeOf(address)).toBeUndefined());
});
