import { MESSAGE_TASK_QUEUE, SIGNALS, workflowIds, WORKFLOWS } from '../../workflows/contract';
import { DAY, HOUR, MINUTE, startStage, WORKSPACE, type Stage } from './stage';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage?.close());
beforeEach(() => stage.sink.reset());

const childOf = (messageId: string) =>
  stage.client.workflow.getHandle(workflowIds.message('batch', messageId));
const hasEnded = async (messageId: string) => (await childOf(messageId).describe()).status.name !== 'RUNNING';

interface BatchStatus {
  readonly batch: unknown;
  readonly step: string;
  readonly running: number;
}

test('a cancel settles what waits at once, and ends its children', async () => {
  const startedMs = await stage.nowMs();
  const { batchId, messageIds } = await stage.batch([
    { id: 'a', notBeforeMs: startedMs + 30 * DAY },
    { id: 'b', notBeforeMs: startedMs + 31 * DAY },
  ]);
  await stage.until('both wait', async () => {
    const states = await stage.states(batchId);
    return states.every((state) => state === 'waiting');
  });
  await stage.command(batchId, 'cancel');
  await stage.until('both are canceled', async () => {
    return (await stage.states(batchId)).every((state) => state === 'canceled');
  });
  for (const messageId of messageIds) await stage.until('its child ends', () => hasEnded(messageId));
  await stage.until('the batch ends', async () => (await stage.job(batchId)).phase === 'settled');
  expect((await stage.nowMs()) - startedMs).toBeLessThan(MINUTE);
  expect(await stage.query('batch', batchId, 'items')).toEqual(
    messageIds.map((id) => ({ id, status: 'deleted' })),
  );
  expect(stage.sink.requests).toHaveLength(0);
});

test('a message that is told of a change before its first task looks before it waits', async () => {
  const { batchId, messageIds } = await stage.batch([
    { id: 'later', notBeforeMs: (await stage.nowMs()) + DAY },
  ]);
  const [messageId = ''] = messageIds;
  await stage.opened(workflowIds.message('batch', messageId));
  await stage.command(batchId, 'cancel');
  await stage.until('it ends', () => hasEnded(messageId));
  const startedMs = await stage.nowMs();
  const input = { v: 1, workspaceId: WORKSPACE, jobId: batchId, jobKind: 'batch', messageId } as const;
  await stage.client.workflow.signalWithStart(WORKFLOWS.deliverMessage, {
    workflowId: workflowIds.message('batch', messageId),
    taskQueue: MESSAGE_TASK_QUEUE,
    args: [{ ...input, dueInMs: 30 * DAY, inPlace: true }],
    signal: SIGNALS.changed,
  });
  await stage.until('it ends once more', () => hasEnded(messageId));
  expect((await stage.nowMs()) - startedMs).toBeLessThan(MINUTE);
});

test('a message with a fault is rejected, and the others go on', async () => {
  const fault = { reason: 'invalid_input', description: 'no body' } as const;
  const { batchId } = await stage.batch([{ id: 'bad', faults: [fault] }, 'good']);
  await stage.finish('batch', batchId);
  expect(await stage.messages(batchId)).toMatchObject([
    { state: 'rejected', reason: 'invalid_input', detail: 'no body', enqueuedAt: null },
    { state: 'sent' },
  ]);
});

test('a validity that passes before the schedule or in a backoff ends the message as expired', async () => {
  const nowMs = await stage.nowMs();
  stage.sink.answer({ status: 503, headers: { 'retry-after': '3600' } });
  const { batchId } = await stage.batch([
    { id: 'never-tried', notBeforeMs: nowMs + 2 * HOUR, validUntilMs: nowMs + HOUR },
    { id: 'tried', validUntilMs: nowMs + HOUR / 2 },
  ]);
  await stage.finish('batch', batchId);
  expect(await stage.messages(batchId)).toMatchObject([
    { state: 'skipped', reason: 'expired' },
    { state: 'failed', reason: 'expired' },
  ]);
});

test('queries answer with the status of each message, and agree with the ledger at rest', async () => {
  const dueMs = (await stage.nowMs()) + DAY;
  const { batchId, messageIds } = await stage.batch([{ id: 'later', notBeforeMs: dueMs }, 'now']);
  const [later, now] = messageIds;
  await stage.until('one is sent', async () => (await stage.states(batchId))[1] === 'sent');
  await stage.until('the workflow knows', async () => {
    return (await stage.query<BatchStatus>('batch', batchId, 'status')).running === 1;
  });
  expect(await stage.query('batch', batchId, 'items')).toEqual([
    { id: later, status: 'scheduled' },
    { id: now, status: 'sent' },
  ]);
  const result = await stage.finish('batch', batchId);
  const { received, enqueued, failures } = await stage.job(batchId);
  const status = await stage.query<BatchStatus>('batch', batchId, 'status');
  expect(status).toMatchObject({ batch: result, step: 'settled', running: 0 });
  expect(result).toEqual({ status: 'COMPLETED', received, enqueued, failures });
  expect(await stage.query('batch', batchId, 'items')).toEqual(
    messageIds.map((id) => ({ id, status: 'sent' })),
  );
});
