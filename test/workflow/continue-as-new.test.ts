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

test('a bulk job that continues as new under a flood of signals loses none, and applies each once', async () => {
  const jobId = await stage.fill([]);
  const workflowId = workflowIds.job('bulk', jobId);
  const handle = stage.client.workflow.getHandle(workflowId);
  const flood = Array.from({ length: 60 }, (_, index) =>
    handle.signal('ingestUsers', { ingestionId: `call-${index}`, users: [{ to: { user_id: `u${index}` } }] }),
  );
  await Promise.all(flood);
  await handle.signal('run');
  expect(await stage.finish('bulk', jobId)).toMatchObject({
    status: 'COMPLETED',
    received: 60,
    enqueued: 60,
  });
  expect(stage.sink.totals()).toMatchObject({ keys: 60, accepted: 60, repeated: 0 });
  expect((await runsOf(workflowId)).length).toBeGreaterThan(1);
});

test('a batch that continues as new keeps its children, and what it was told', async () => {
  const dueMs = (await stage.nowMs()) + DAY;
  const { batchId } = await stage.batch([{ id: 'later', notBeforeMs: dueMs }, 'now']);
  const workflowId = workflowIds.job('batch', batchId);
  const handle = stage.client.workflow.getHandle(workflowId);
  await stage.until('one is sent', async () => (await stage.states(batchId))[1] === 'sent');
  // Commands that change nothing: they fill the run, and the children need not be told.
  for (let sent = 0; sent <= MAX_SIGNALS; sent += 1) await handle.signal('resume');
  await stage.until('it has continued as new', async () => (await runsOf(workflowId)).length > 1);
  await handle.signal('pause');
  await stage.until('it is paused', async () => (await stage.job(batchId)).paused);
  await stage.observed(batchId);
  await stage.sleep(2 * DAY);
  expect(stage.sink.requests).toHaveLength(1);
  await handle.signal('resume');
  await stage.finish('batch', batchId);
  expect(await stage.states(batchId)).toEqual(['sent', 'sent']);
  expect(stage.sink.totals()).toMatchObject({ keys: 2, accepted: 2, repeated: 0 });
});
