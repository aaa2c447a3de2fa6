import { DEFAULT_RETRY_POLICY } from '../../src/domain/retry';
import { HOUR, startStage, type Stage } from './stage';

const DEADLINE_MS = 5 * HOUR;

let stage: Stage;
beforeAll(async () => {
  const retry = { ...DEFAULT_RETRY_POLICY, maxAttempts: 100, deadlineMs: DEADLINE_MS };
  stage = await startStage({ rules: { retry } });
});
afterAll(() => stage?.close());

test.each(['bulk', 'batch'] as const)(
  'after the deadline a %s message is not tried again, whatever attempts are left',
  async (kind) => {
    stage.sink.answer({ status: 503, headers: { 'retry-after': '3600' } });
    const jobId = kind === 'bulk' ? await stage.fill(['u']) : (await stage.batch(['u'])).batchId;
    if (kind === 'bulk') await stage.command(jobId, 'run');
    await stage.finish(kind, jobId);
    const [message] = await stage.messages(jobId);
    expect(message).toMatchObject({ state: 'failed', reason: 'deadline' });
    const attemptsAt = await stage.attemptsAt(message?.messageId ?? '');
    expect((attemptsAt.at(-1) ?? 0) - (attemptsAt[0] ?? 0)).toBeLessThanOrEqual(DEADLINE_MS);
    // One at once and one an hour: the wait that would end beyond the deadline is not begun.
    expect(attemptsAt).toHaveLength(5);
  },
);
