import { DEFAULT_RETRY_POLICY } from '../../src/domain/retry';
import { workflowIds } from '../../workflows/contract';
import { startStage, type Stage } from './stage';

/** The first wait is short, the second is not, jitter included. */
const RETRY = { ...DEFAULT_RETRY_POLICY, baseMs: 100, factor: 100 };

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ rules: { retry: RETRY } });
});
afterAll(() => stage?.close());

test('what may be tried again at once is, in the same workflow task; what has to wait longer is waited for by the server', async () => {
  stage.sink.answerOnce({ status: 503 }, { status: 503 });
  const jobId = await stage.fill(['u']);
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  const [message] = await stage.messages(jobId);
  expect(message).toMatchObject({ state: 'sent' });
  const [first = 0, second = 0, third = 0] = await stage.attemptsAt(message?.messageId ?? '');
  expect(second - first).toBeGreaterThanOrEqual(RETRY.baseMs * 0.75 - 1);
  expect(third - second).toBeGreaterThanOrEqual(RETRY.baseMs * RETRY.factor * 0.75 - 1);

  const child = stage.client.workflow.getHandle(workflowIds.message('bulk', message?.messageId ?? ''));
  const { events } = await child.fetchHistory();
  expect((events ?? []).filter(({ timerStartedEventAttributes: timer }) => timer)).toHaveLength(1);
});
