import { type SendRequest } from '../../../src/providers/contract';
import { createSmtp } from '../../../src/providers/smtp';
import { type SmtpSink } from '../../support/sinks/smtp-sink';
import { channelTo, type SmtpFixture, startSmtpFixture, TIMEOUTS } from './smtp-fixture';

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

const WAITING = { connectMs: 2_000, totalMs: 1_500 };
const alone = (more: object = {}) =>
  fixture.requestWith({ channel: channelTo(sink.port, { poolSize: 1, ...more }) });
const smtpWith = (timeouts: { connectMs: number; totalMs: number; slotMs?: number }) => {
  const own = createSmtp({ egress: fixture.egress, timeouts });
  cleanups.push(() => own.close());
  return (request: SendRequest, signal = new AbortController().signal) => own.send(request as never, signal);
};

test('the time of a call begins with its connection: who waited for one is not stopped in its mail', async () => {
  const call = smtpWith(WAITING);
  sink.scriptOnce({ data: 'hang' });
  const [first, second] = await Promise.all([call(alone()), call(alone())]);
  expect(first).toMatchObject({ type: 'ambiguous', code: 'timeout' });
  expect(second).toMatchObject({ type: 'accepted' });
});

test.each<[string, (next: () => Promise<unknown>) => unknown]>([
  ['who gets none in time', () => undefined],
  ['who waits while the settings change', (next) => next()],
])('%s is throttled for a moment, and nothing of it is sent', async (name, meanwhile) => {
  const call = smtpWith({ ...TIMEOUTS, slotMs: name.includes('in time') ? 50 : 60_000 });
  const stop = new AbortController();
  sink.scriptOnce({ data: 'hang' });
  const first = call(alone(), stop.signal);
  await sink.waitUntil(({ seen }) => seen.length === 1);
  const second = call(alone());
  await meanwhile(() => call(alone({ poolSize: 2 })));
  const sent = sink.seen.length;
  expect(await second).toMatchObject({ type: 'throttled', code: 'pool_busy', retryAfterMs: 2_000 });
  stop.abort();
  await first;
  expect(sink.seen).toHaveLength(sent);
});

test('an abort ends the wait, and nothing is sent', async () => {
  const call = smtpWith(TIMEOUTS);
  const stops = [new AbortController(), new AbortController()] as const;
  sink.scriptOnce({ data: 'hang' });
  const first = call(alone(), stops[0].signal);
  await sink.waitUntil(({ seen }) => seen.length === 1);
  const second = call(alone(), stops[1].signal);
  stops[1].abort();
  expect(await second).toMatchObject({ type: 'retryable', code: 'aborted' });
  stops[0].abort();
  await first;
  expect(sink.seen).toHaveLength(1);
});
