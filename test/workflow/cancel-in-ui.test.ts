import { Worker } from '@temporalio/worker';
import { dataConverter } from '../../src/temporal/connect';
import { QUERIES, type DeliverResult, type JobStatusAnswer, workflowIds } from '../../workflows/contract';
import { type deliverMessage } from '../../workflows/deliver-message';
import { TEST_KEYS } from '../support/engine';
import { workflowBundle } from '../support/workflow-bundle';
import { DAY, MINUTE, people, startStage, WORKSPACE, type Stage } from './stage';

/** A Cancel in Temporal's web UI is a cancel request on the workflow, which is what `handle.cancel()` sends. */
let stage: Stage;
beforeEach(async () => {
  stage = await startStage();
});
afterEach(() => stage?.close());

const handle = (workflowId: string) => stage.client.workflow.getHandle(workflowId);

test('on a job it is the command cancel', async () => {
  const startedMs = await stage.nowMs();
  const jobId = await stage.fill([{ id: 'later', notBeforeMs: startedMs + DAY }, 'paused']);
  await stage.command(jobId, 'pause');
  await stage.command(jobId, 'run');
  await handle(workflowIds.job('bulk', jobId)).cancel();
  expect(await stage.finish('bulk', jobId)).toMatchObject({ status: 'ERROR' });
  expect(await stage.states(jobId)).toEqual(['canceled', 'canceled']);
  const { cancelRequested, settledAt } = await stage.job(jobId);
  expect(cancelRequested).toBe(true);
  expect((settledAt?.getTime() ?? 0) - startedMs).toBeLessThan(MINUTE);
});

test('on a batch it is the command cancel, and its messages end with it', async () => {
  const startedMs = await stage.nowMs();
  const { batchId, messageIds } = await stage.batch([
    { id: 'later', notBeforeMs: startedMs + 30 * DAY },
    'now',
  ]);
  await stage.until('one is sent', async () => (await stage.states(batchId))[1] === 'sent');
  await handle(workflowIds.job('batch', batchId)).cancel();
  await stage.until('the batch ends', async () => (await stage.job(batchId)).phase === 'settled');
  expect(await stage.states(batchId)).toEqual(['canceled', 'sent']);
  const child = handle(workflowIds.message('batch', messageIds[0] ?? ''));
  await stage.until('the child ends', async () => (await child.describe()).status.name === 'COMPLETED');
});

test('on a message it cancels that message alone, also while it waits for days', async () => {
  // Less than a week: when a batch and its child are renewed at one moment this server may keep its clock locked (batch-renewed.test.ts).
  const dueMs = (await stage.nowMs()) + 6 * DAY;
  const { batchId, messageIds } = await stage.batch([
    { id: 'a', notBeforeMs: dueMs },
    { id: 'b', notBeforeMs: dueMs },
  ]);
  const [first = ''] = messageIds;
  await stage.until('both wait', async () =>
    (await stage.states(batchId)).every((state) => state === 'waiting'),
  );
  const child = handle(workflowIds.message('batch', first));
  await stage.opened(workflowIds.message('batch', first));
  // Cancelled within its first task, it now and then leaves the time-skipping server's clock locked.
  await stage.until('its timer runs', async () => {
    const { step } = await child.query<{ step: string }>(QUERIES.status);
    return step === 'waiting until due';
  });
  await child.cancel();
  await stage.until('it is canceled', async () => (await stage.message(first)).state === 'canceled');
  expect((await stage.job(batchId)).cancelRequested).toBe(false);
  await stage.finish('batch', batchId);
  expect(await stage.states(batchId)).toEqual(['canceled', 'sent']);
});

test('on a message whose workflow did not begin yet it holds before the first attempt', async () => {
  const jobId = await stage.fill(['a']);
  await stage.command(jobId, 'pause');
  await stage.command(jobId, 'run');
  const [message] = await stage.messages(jobId);
  const messageId = message?.messageId ?? '';
  const taskQueue = 'nobody-yet';
  const started = await stage.client.workflow.start<typeof deliverMessage>('deliverMessage', {
    taskQueue,
    workflowId: workflowIds.message('bulk', messageId),
    args: [{ v: 1, workspaceId: WORKSPACE, jobId, jobKind: 'bulk', messageId, inPlace: true }],
  });
  await started.cancel();
  const atAttempt: string[] = [];
  const worker = await Worker.create({
    connection: stage.env.nativeConnection,
    taskQueue,
    dataConverter: dataConverter(TEST_KEYS),
    workflowBundle: await workflowBundle(),
    activities: {
      async deliver(): Promise<DeliverResult> {
        atAttempt.push(...(await stage.states(jobId)));
        return { type: 'settled', state: 'canceled', reason: null };
      },
    },
  });
  await worker.runUntil(stage.result(started));
  expect(atAttempt).toEqual(['canceled']);
});

test('on a message it never interrupts the attempt under way', async () => {
  let release: () => void = () => undefined;
  stage.sink.answer(() => new Promise((resolve) => (release = () => resolve({}))));
  // It outlasts the query, which is answered only when the workflow task is renewed: after some 8 s.
  const channelId = await stage.addWebhook('patient', { timeoutMs: 30_000 });
  const { batchId, messageIds } = await stage.batch(['a'], { channelId });
  await stage.until('the call is under way', () => stage.sink.requests.length === 1);
  const child = handle(workflowIds.message('batch', messageIds[0] ?? ''));
  await child.cancel();
  await child.query('status');
  expect(await stage.states(batchId)).toEqual(['sending']);
  release();
  await stage.finish('batch', batchId);
  expect(await stage.states(batchId)).toEqual(['sent']);
});

test('on a message of a bulk job it holds although it came during an attempt that has to wait for long', async () => {
  let release: () => void = () => undefined;
  const throttled = { status: 429, headers: { 'retry-after': '600' } };
  stage.sink.answer(() => new Promise((resolve) => (release = () => resolve(throttled))));
  const jobId = await stage.fill(['a']);
  await stage.command(jobId, 'run');
  await stage.until('the call is under way', () => stage.sink.requests.length === 1);
  const [message] = await stage.messages(jobId);
  await handle(workflowIds.message('bulk', message?.messageId ?? '')).cancel();
  stage.sink.answer({});
  release();
  await stage.finish('bulk', jobId);
  expect(await stage.states(jobId)).toEqual(['canceled']);
  expect(stage.sink.totals()).toMatchObject({ accepted: 0 });
});

test('on a shard it only stops starting: what it gives back is planned again, and each is sent once', async () => {
  const held: (() => void)[] = [];
  stage.sink.answer(() => new Promise((resolve) => held.push(() => resolve({}))));
  const jobId = await stage.fill(people(60));
  await stage.command(jobId, 'run');
  await stage.until('both windows are full', () => held.length === 50);
  const shards = [0, 1].map((n) => handle(workflowIds.shard(jobId, 1, n)));
  for (const shard of shards) await shard.cancel();
  const { observedVersion } = await stage.job(jobId);
  stage.sink.answer({});
  for (const release of held) release();
  for (const shard of shards) await stage.result(shard);
  expect((await stage.job(jobId)).observedVersion).toBe(observedVersion);
  await stage.finish('bulk', jobId);
  expect((await stage.job(jobId)).counts).toMatchObject({ sent: 60, canceled: 0 });
  expect(stage.sink.totals()).toMatchObject({ keys: 60, accepted: 60, duplicated: 0, repeated: 0 });
  const { observed } = await stage.query<JobStatusAnswer>('bulk', jobId, 'status');
  expect(observed).toBe(observedVersion);
});
