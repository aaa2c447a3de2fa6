import { type JobItemsAnswer, type JobStatusAnswer, workflowIds } from '../../workflows/contract';
import { DAY, HOUR, MINUTE, people, SECOND, startStage, type Stage } from './stage';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage?.close());
beforeEach(() => stage.sink.reset());

const jobHandle = (jobId: string) => stage.client.workflow.getHandle(workflowIds.job('bulk', jobId));
const childOf = (messageId: string) =>
  stage.client.workflow.getHandle(workflowIds.message('bulk', messageId));

test('a job that was open for 400 days still takes users and runs', async () => {
  const jobId = await stage.fill(['early']);
  const first = await jobHandle(jobId).describe();
  await stage.sleep(400 * DAY);
  await stage.ingest(jobId, people(3));
  await stage.command(jobId, 'run');
  expect(await stage.finish('bulk', jobId)).toEqual({
    ...{ status: 'COMPLETED', received: 4, enqueued: 4, failures: 0 },
  });
  const last = await jobHandle(jobId).describe();
  expect(last.runId).not.toBe(first.runId);
  // Continued as new every 7 days: no run is older, and none grows with the waiting.
  expect((last.closeTime?.getTime() ?? Infinity) - last.startTime.getTime()).toBeLessThan(7 * DAY + MINUTE);
  expect(stage.sink.totals()).toMatchObject({ keys: 4, accepted: 4, duplicated: 0 });
});

test('each recipient gets one call, whatever the number of shards', async () => {
  const jobId = await stage.fill(people(60));
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  expect(stage.sink.requests).toHaveLength(60);
  expect(new Set(stage.sink.requests.map((request) => request.recipientId)).size).toBe(60);
});

test('a long wait is parked: its child and its shard end, and it is tried again exactly when due', async () => {
  stage.sink.answerOnce({ status: 503, headers: { 'retry-after': '3000' } });
  const jobId = await stage.fill(['slow']);
  await stage.command(jobId, 'run');
  const parked = async () => (await stage.messages(jobId))[0];
  await stage.until('it waits', async () => (await parked())?.state === 'waiting');
  const message = await parked();
  if (!message) throw new Error('no message');
  expect(message.waitReason).toBe('retry_after');
  await stage.until('its child has ended', async () => {
    return (await childOf(message.messageId).describe()).status.name === 'COMPLETED';
  });
  const ask = () => stage.query<JobStatusAnswer>('bulk', jobId, 'status');
  await stage.until('no shard runs, and the next look is planned', async () => {
    const { shardsRunning, nextWakeUp } = await ask();
    return shardsRunning === 0 && nextWakeUp !== null;
  });
  const status = await ask();
  expect(Math.abs(Date.parse(status.nextWakeUp ?? '') - message.dueAt.getTime())).toBeLessThan(5 * SECOND);

  await stage.sleep(message.dueAt.getTime() - (await stage.nowMs()) - 10 * SECOND);
  expect(stage.sink.requests).toHaveLength(1);
  await stage.finish('bulk', jobId);
  const [, second = 0] = await stage.attemptsAt(message.messageId);
  expect(second).toBeGreaterThanOrEqual(message.dueAt.getTime());
  expect(second - message.dueAt.getTime()).toBeLessThan(10 * SECOND);
});

test('a message that is due later is not sent before, and the others do not wait for it', async () => {
  const dueMs = (await stage.nowMs()) + 30 * HOUR;
  const jobId = await stage.fill([{ id: 'later', notBeforeMs: dueMs }, 'now']);
  await stage.command(jobId, 'run');
  await stage.until('the other one is sent', async () => (await stage.states(jobId))[1] === 'sent');
  expect((await stage.states(jobId))[0]).not.toBe('sent');
  await stage.finish('bulk', jobId);
  const [later] = await stage.messages(jobId);
  const [sentAtMs = 0] = await stage.attemptsAt(later?.messageId ?? '');
  expect(sentAtMs).toBeGreaterThanOrEqual(dueMs);
  expect(sentAtMs - dueMs).toBeLessThan(10 * SECOND);
});

test('a validity that passes while waiting ends it: skipped before any attempt, failed after one', async () => {
  const nowMs = await stage.nowMs();
  stage.sink.answer({ status: 503, headers: { 'retry-after': '3600' } });
  const jobId = await stage.fill([
    { id: 'never-tried', notBeforeMs: nowMs + 2 * HOUR, validUntilMs: nowMs + HOUR },
    { id: 'tried', validUntilMs: nowMs + HOUR / 2 },
  ]);
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  const [neverTried, tried] = await stage.messages(jobId);
  expect(neverTried).toMatchObject({ state: 'skipped', reason: 'expired' });
  expect(tried).toMatchObject({ state: 'failed', reason: 'expired' });
  expect(stage.sink.requests).toHaveLength(1);
});

test('queries answer in the words of the seed, are never ahead of the ledger, and agree with it at rest', async () => {
  const open: (() => void)[] = [];
  stage.sink.answer(() => new Promise((resolve) => open.push(() => resolve({}))));
  const noAddress = { id: 'nowhere', recipient: { id: 'nowhere', idGenerated: true, addresses: {} } };
  const jobId = await stage.fill([
    ...people(5),
    { ...noAddress, channelId: '00000000-0000-4000-8000-000000000000' },
  ]);
  await stage.until(
    'the workflow has looked',
    async () => (await stage.query<JobStatusAnswer>('bulk', jobId, 'status')).step === 'open',
  );
  expect(await stage.query('bulk', jobId, 'status')).toMatchObject({ job: { status: 'CREATED' } });
  await stage.command(jobId, 'run');
  await stage.until('five calls are under way', () => open.length === 5);
  const { job: during } = await stage.query<JobStatusAnswer>('bulk', jobId, 'status');
  const ledger = await stage.job(jobId);
  expect(during.status).toBe('PROCESSING');
  expect(during.enqueued).toBeLessThanOrEqual(ledger.enqueued);
  expect(during.failures).toBeLessThanOrEqual(ledger.failures);
  for (const finish of open) finish();

  const result = await stage.finish('bulk', jobId);
  const { job: after, step } = await stage.query<JobStatusAnswer>('bulk', jobId, 'status');
  const { received, enqueued, failures } = await stage.job(jobId);
  expect(after).toEqual({ status: 'COMPLETED', received, enqueued, failures });
  expect(after).toEqual(result);
  expect(step).toBe('settled');
  const { items } = await stage.query<JobItemsAnswer>('bulk', jobId, 'items');
  const rejected = (await stage.messages(jobId)).filter((message) => message.state === 'rejected');
  expect(items).toEqual([
    { messageId: rejected[0]?.messageId, status: 'ERROR', reason: rejected[0]?.reason },
  ]);
});
