import { v7 as uuidv7 } from 'uuid';
import { DEFAULT_RETRY_POLICY } from '../../src/domain/retry';
import { type FanOut } from '../../src/domain/states';
import { insertChannel } from '../../src/ledger/channels';
import { startHttpSink, type HttpSink } from '../support/sinks/http-sink';
import { HOUR, WORKSPACE, startStage, type Stage } from './stage';

const DEADLINE_MS = 5 * HOUR;

let stage: Stage;
beforeAll(async () => {
  const retry = { ...DEFAULT_RETRY_POLICY, maxAttempts: 100, deadlineMs: DEADLINE_MS };
  stage = await startStage({ rules: { retry } });
  await insertChannel(stage.db, { id: uuidv7(), ...sandbox });
});
afterAll(() => stage?.close());

const sandbox = {
  workspaceId: WORKSPACE,
  kind: 'email',
  provider: 'sandbox',
  name: 'mail',
  settings: {},
} as const;

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

/** An open job of one mail with a file that this server has. */
function mailWithFile(files: HttpSink, fanOut: FanOut = 'workflow'): Promise<string> {
  const attachments = [{ url: `${files.url}/terms.pdf`, filename: 'terms.pdf' }];
  const content = { title: 'Terms', text: 'Hello', interpolate: false, attachments };
  const recipient = { id: 'u', idGenerated: false, addresses: { email: 'u@x.example' } };
  return stage.fill([{ id: 'u', recipient }], { fanOut, spec: { content, route: ['email'] } });
}

test.each(['workflow', 'page'] as const)(
  'a message whose file cannot be had is asked for it less and less often, and after the deadline it ends, in the lane %s',
  async (fanOut) => {
    const files = await startHttpSink({ answer: { status: 503 } });
    try {
      const jobId = await mailWithFile(files, fanOut);
      await stage.command(jobId, 'run');
      await stage.finish('bulk', jobId);
      const [message] = await stage.messages(jobId);
      expect(message).toMatchObject({ state: 'rejected', reason: 'invalid_content' });
      expect(await stage.attemptsAt(message?.messageId ?? '')).toEqual([]);
      // Every minute at first, a quarter of the time that it has waited after that, and once an hour at the end.
      expect(files.requests.length).toBeGreaterThan(12);
      expect(files.requests.length).toBeLessThan(25);
    } finally {
      await files.close();
    }
  },
);

test('a pause is no part of the time that a message waits for its file', async () => {
  const files = await startHttpSink({ answer: { status: 503 } });
  try {
    const jobId = await mailWithFile(files);
    await stage.command(jobId, 'run');
    await stage.until('it was asked for', () => files.requests.length === 1);
    await stage.command(jobId, 'pause');
    await stage.sleep(DEADLINE_MS + HOUR);
    files.reset();
    files.answerOnce({ status: 503 });
    await stage.command(jobId, 'resume');
    await stage.finish('bulk', jobId);
    expect(await stage.states(jobId)).toEqual(['sent']);
    expect(files.requests).toHaveLength(2);
  } finally {
    await files.close();
  }
});
