import { QUERIES, workflowIds } from '../../workflows/contract';
import { DAY, HOUR, people, startStage, type Stage } from './stage';

/** Without a cache each workflow task replays the whole history: what is not deterministic fails here. */
let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ maxCachedWorkflows: 0 });
});
afterAll(() => stage?.close());
beforeEach(() => stage.sink.reset());

test('a bulk job with retries, a parked message, a pause and users by signal', async () => {
  const jobId = await stage.fill(people(10));
  const handle = stage.client.workflow.getHandle(workflowIds.job('bulk', jobId));
  await handle.signal('ingestUsers', { users: [{ to: { user_id: 'by-signal' } }] });
  stage.sink.answerOnce({ status: 503 }, { status: 503, headers: { 'retry-after': '600' } }, { status: 400 });
  await stage.until('it came', async () => (await stage.job(jobId)).received === 11);
  await stage.command(jobId, 'run');
  await stage.until('some are sent', () => stage.sink.requests.length >= 5);
  await stage.command(jobId, 'pause');
  await stage.sleep(HOUR);
  await stage.command(jobId, 'resume');
  expect(await stage.finish('bulk', jobId)).toMatchObject({
    status: 'COMPLETED',
    received: 11,
    enqueued: 11,
  });
  expect((await stage.job(jobId)).counts).toMatchObject({ sent: 10, failed: 1 });
});

test('a batch with a schedule, a fault, a pause and a cancel of one message', async () => {
  const dueMs = (await stage.nowMs()) + 2 * DAY;
  const fault = { reason: 'invalid_input', description: 'no body' } as const;
  const { batchId, messageIds } = await stage.batch([
    { id: 'later', notBeforeMs: dueMs },
    { id: 'unwanted', notBeforeMs: dueMs },
    { id: 'bad', faults: [fault] },
    'now',
  ]);
  await stage.command(batchId, 'pause');
  const unwanted = workflowIds.message('batch', messageIds[1] ?? '');
  await stage.opened(unwanted);
  const child = stage.client.workflow.getHandle(unwanted);
  // Cancelled within its first task, it now and then leaves the time-skipping server's clock locked.
  await stage.until('its timer runs', async () => {
    const { step } = await child.query<{ step: string }>(QUERIES.status);
    return step === 'waiting until due';
  });
  await child.cancel();
  await stage.sleep(DAY);
  await stage.command(batchId, 'resume');
  await stage.finish('batch', batchId);
  expect(await stage.states(batchId)).toEqual(['sent', 'canceled', 'rejected', 'sent']);
});

test('a cancel in the middle', async () => {
  stage.sink.answer({ delayMs: 50 });
  const jobId = await stage.fill(people(60));
  await stage.command(jobId, 'run');
  await stage.until('some are sent', () => stage.sink.requests.length >= 5);
  await stage.command(jobId, 'cancel');
  await stage.finish('bulk', jobId);
  const { sent, canceled } = (await stage.job(jobId)).counts;
  expect(sent + canceled).toBe(60);
  expect(stage.sink.totals()).toMatchObject({ accepted: sent, duplicated: 0 });
});
