import { DEFAULT_RETRY_POLICY } from '../../src/domain/retry';
import { MINUTE, SECOND, startStage, type Stage } from './stage';

/** What a loaded machine may add to a wait: tasks and statements pass in real time. */
const SLACK_MS = 10 * SECOND;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage?.close());
beforeEach(() => stage.sink.reset());

/** The waits that the policy promises, without jitter: 1 s, 3 s, 9 s, … 6 h. */
function promisedWaitsMs(): number[] {
  const { baseMs, factor, capMs, maxAttempts } = DEFAULT_RETRY_POLICY;
  return Array.from({ length: maxAttempts - 1 }, (_, index) => Math.min(capMs, baseMs * factor ** index));
}

function expectWaits(attemptsAt: readonly number[], promisedMs: readonly number[]): void {
  const waitsMs = attemptsAt.slice(1).map((at, index) => at - (attemptsAt[index] ?? 0));
  expect(waitsMs).toHaveLength(promisedMs.length);
  waitsMs.forEach((waitMs, index) => {
    const promised = promisedMs[index] ?? 0;
    expect(waitMs).toBeGreaterThanOrEqual(promised * 0.75 - 1);
    expect(waitMs).toBeLessThanOrEqual(promised * 1.25 + SLACK_MS);
  });
}

test.each(['bulk', 'batch'] as const)(
  'a %s message is tried 12 times over hours, with the promised pauses, and then fails',
  async (kind) => {
    stage.sink.answer({ status: 503 });
    const jobId = kind === 'bulk' ? await stage.fill(['u']) : (await stage.batch(['u'])).batchId;
    if (kind === 'bulk') await stage.command(jobId, 'run');
    expect(await stage.finish(kind, jobId)).toMatchObject({ status: 'COMPLETED', enqueued: 1, failures: 0 });
    const [message] = await stage.messages(jobId);
    expect(message).toMatchObject({ state: 'failed', reason: 'attempts_exhausted' });
    expectWaits(await stage.attemptsAt(message?.messageId ?? ''), promisedWaitsMs());
    expect(stage.sink.requests).toHaveLength(DEFAULT_RETRY_POLICY.maxAttempts);
    // All with one key: should one have been taken after all, the receiver can tell.
    expect([...stage.sink.calls.values()]).toEqual([DEFAULT_RETRY_POLICY.maxAttempts]);
  },
);

test('a Retry-After is waited for, and no longer than it asks', async () => {
  stage.sink.answerOnce({ status: 503, headers: { 'retry-after': '1800' } });
  const { batchId, messageIds } = await stage.batch(['u']);
  await stage.finish('batch', batchId);
  const [first = 0, second = 0] = await stage.attemptsAt(messageIds[0] ?? '');
  expect(second - first).toBeGreaterThanOrEqual(30 * MINUTE);
  expect(second - first).toBeLessThan(30 * MINUTE + SLACK_MS);
  expect(await stage.states(batchId)).toEqual(['sent']);
});

test('being throttled costs no attempt, keeps the key, and is waited out for ever longer', async () => {
  stage.sink.answerOnce(...Array.from({ length: 14 }, () => ({ status: 429 })));
  const { batchId, messageIds } = await stage.batch(['u']);
  await stage.finish('batch', batchId);
  expect(await stage.states(batchId)).toEqual(['sent']);
  expect([...stage.sink.calls.values()]).toEqual([15]);
  const [row] = await stage.db.query<{ attempts: number }>(
    'select attempts from message_states where message_id = $1',
    [messageIds[0]],
  );
  expect(row).toEqual({ attempts: 1 });
  const attemptsAt = await stage.attemptsAt(messageIds[0] ?? '');
  expectWaits(attemptsAt.slice(0, 8), promisedWaitsMs().slice(0, 7));
});
