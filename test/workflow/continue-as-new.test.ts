import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { workflowIds } from '../../workflows/contract';
import { DAY, startStage, type Stage } from './stage';

const MAX_SIGNALS = 5;

let stage: Stage;
beforeEach(async () => {
  stage = await startStage({ settings: { maxSignals: MAX_SIGNALS } });
});
afterEach(() => stage?.close());

/** Runs of a workflow, newest first. */
async function runsOf(workflowId: string): Promise<string[]> {
  const runs: string[] = [];
  let runId = (await stage.client.workflow.getHandle(workflowId).describe()).runId;
  while (runId) {
    runs.push(runId);
    const { events } = await stage.client.workflow.getHandle(workflowId, runId).fetchHistory();
    runId = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? '';
  }
  return runs;
}

/** Signals, once more where the run was just being closed: the time-skipping server finds none then. */
async function signal(handle: WorkflowHandle, name: string, ...args: unknown[]): Promise<void> {
  await handle.signal(name, ...args).catch((error: unknown) => {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return handle.signal(name, ...args);
  });
}

/** Keeps the job's row from everybody until the answer is called. */
async function hold(jobId: string): Promise<() => Promise<void>> {
  let release = (): void => undefined;
  let holder: Promise<unknown> = Promise.resolve();
  await new Promise<void>((held) => {
    holder = stage.db.transaction(async (tx) => {
      await tx.query('select 1 from jobs where id = $1 for update', [jobId]);
      const released = new Promise<void>((resolve) => (release = resolve));
      held();
      await released;
    });
  });
  return async () => {
    release();
    await holder;
  };
}

test('a bulk job that continues as new under a flood of signals loses none, and applies each once', async () => {
  const jobId = await stage.fill([]);
  const workflowId = workflowIds.job('bulk', jobId);
  const handle = stage.client.workflow.getHandle(workflowId);
  const flood = Array.from({ length: 60 }, (_, index) =>
    signal(handle, 'ingestUsers', {
      ingestionId: `call-${index}`,
      users: [{ to: { user_id: `u${index}` } }],
    }),
  );
  await Promise.all(flood);
  await signal(handle, 'run');
  expect(await stage.finish('bulk', jobId)).toMatchObject({
    status: 'COMPLETED',
    received: 60,
    enqueued: 60,
  });
  expect(stage.sink.totals()).toMatchObject({ keys: 60, accepted: 60, repeated: 0 });
  expect((await runsOf(workflowId)).length).toBeGreaterThan(1);
});

test('users signalled faster than they are applied, more than one run can hand to the next, all come', async () => {
  const jobId = await stage.fill([]);
  const workflowId = workflowIds.job('bulk', jobId);
  const handle = stage.client.workflow.getHandle(workflowId);
  const padding = 'x'.repeat(150_000);
  const users = (call: number) =>
    Array.from({ length: 4 }, (_, n) => ({ to: { user_id: `u${call}.${n}`, data: { padding } } }));
  const { runId: firstRunId } = await handle.describe();
  const release = await hold(jobId);
  const calls = Array.from({ length: 2 * MAX_SIGNALS }, (_, call) => call);
  for (const call of calls)
    await signal(handle, 'ingestUsers', { ingestionId: `call-${call}`, users: users(call) });
  await release();
  await stage.until('all came', async () => (await stage.job(jobId)).received === 4 * calls.length);
  expect((await handle.describe()).runId).not.toBe(firstRunId);
  await signal(handle, 'cancel');
  await stage.finish('bulk', jobId);
});

test('users in one signal of nearly 2 MB come, once', async () => {
  const jobId = await stage.fill([]);
  const handle = stage.client.workflow.getHandle(workflowIds.job('bulk', jobId));
  const padding = '\u00e9'.repeat(9_900);
  const users = Array.from({ length: 100 }, (_, n) => ({ to: { user_id: `u${n}`, data: { padding } } }));
  const other = { to: { user_id: 'other', data: { padding } } };
  await signal(handle, 'ingestUsers', { ingestionId: 'large', users });
  await signal(handle, 'ingestUsers', { ingestionId: 'large', users: [...users.slice(1), other] });
  await signal(handle, 'ingestUsers', { ingestionId: 'small', users: [{ to: { user_id: 'last' } }] });
  await stage.until('all came', async () => (await stage.job(jobId)).received >= 101);
  await signal(handle, 'cancel');
  await stage.finish('bulk', jobId);
  const came = (await stage.messages(jobId)).map(({ recipientId }) => recipientId);
  expect(came).toEqual([...users.map(({ to }) => to.user_id), 'last']);
});

test('a batch that continues as new keeps its children, and what it was told', async () => {
  const dueMs = (await stage.nowMs()) + DAY;
  const { batchId } = await stage.batch([{ id: 'later', notBeforeMs: dueMs }, 'now']);
  const workflowId = workflowIds.job('batch', batchId);
  const handle = stage.client.workflow.getHandle(workflowId);
  await stage.until('one is sent', async () => (await stage.states(batchId))[1] === 'sent');
  // Commands that change nothing: they fill the run, and the children need not be told.
  for (let sent = 0; sent <= MAX_SIGNALS; sent += 1) await signal(handle, 'resume');
  await stage.until('it has continued as new', async () => (await runsOf(workflowId)).length > 1);
  await signal(handle, 'pause');
  await stage.until('it is paused', async () => (await stage.job(batchId)).paused);
  await stage.observed(batchId);
  await stage.sleep(2 * DAY);
  expect(stage.sink.requests).toHaveLength(1);
  await signal(handle, 'resume');
  await stage.finish('batch', batchId);
  expect(await stage.states(batchId)).toEqual(['sent', 'sent']);
  expect(stage.sink.totals()).toMatchObject({ keys: 2, accepted: 2, repeated: 0 });
});
