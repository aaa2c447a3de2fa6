import { workflowIds } from '../../workflows/contract';
import { DAY, HOUR, MINUTE, SECOND, startStage, type Stage } from './stage';

/**
 * Batches that outlive the run of their workflow: the children that the first run started go on, and the later runs know
 * them through the ledger alone. A world for each test: the time-skipping server keeps its clock locked after a child ended
 * whose parent was closed before.
 */
let stage: Stage;
beforeEach(async () => {
  // No whole number of days: where a batch is renewed just when its child is, or when a command comes, this server may keep its
  // clock locked, or say that there is no such run.
  stage = await startStage({ settings: { maxRunMs: 25 * HOUR } });
});
afterEach(() => stage?.close());

const jobHandle = (batchId: string) => stage.client.workflow.getHandle(workflowIds.job('batch', batchId));

test('a message scheduled a month ahead is sent then, and not before', async () => {
  const dueMs = (await stage.nowMs()) + 30 * DAY;
  const { batchId, messageIds } = await stage.batch([{ id: 'later', notBeforeMs: dueMs }, 'now']);
  const [later = '', now = ''] = messageIds;
  await stage.until('the other one is sent', async () => (await stage.message(now)).state === 'sent');
  await stage.sleep(30 * DAY - MINUTE);
  expect(await stage.message(later)).toMatchObject({ state: 'waiting', waitReason: 'scheduled_for' });
  expect(stage.sink.requests).toHaveLength(1);
  await stage.finish('batch', batchId);
  const [sentAtMs = 0] = await stage.attemptsAt(later);
  expect(sentAtMs).toBeGreaterThanOrEqual(dueMs);
  expect(sentAtMs - dueMs).toBeLessThan(10 * SECOND);
  expect(stage.sink.totals()).toMatchObject({ keys: 2, accepted: 2, duplicated: 0 });
});

test('a later run does not keep asking for children that wait', async () => {
  const dueMs = (await stage.nowMs()) + 5 * DAY;
  const later = Array.from({ length: 5 }, (_, index) => ({ id: `later${index}`, notBeforeMs: dueMs }));
  const { batchId, messageIds } = await stage.batch(later);
  const first = await jobHandle(batchId).describe();
  await stage.sleep(5 * DAY - HOUR);
  const last = await jobHandle(batchId).describe();
  expect(last.runId).not.toBe(first.runId);
  expect(last.historyLength).toBeLessThan(100);
  await stage.finish('batch', batchId);
  for (const messageId of messageIds) {
    const [sentAtMs = 0] = await stage.attemptsAt(messageId);
    expect(sentAtMs).toBeGreaterThanOrEqual(dueMs);
    expect(sentAtMs - dueMs).toBeLessThan(10 * SECOND);
  }
});

test('a pause holds over the runs, also what falls due in it, and a resume sends at once', async () => {
  const dueMs = (await stage.nowMs()) + HOUR;
  const { batchId, messageIds } = await stage.batch([{ id: 'later', notBeforeMs: dueMs }]);
  const [later = ''] = messageIds;
  await stage.until('it waits', async () => (await stage.message(later)).state === 'waiting');
  await stage.command(batchId, 'pause');
  await stage.sleep(3 * DAY);
  expect(stage.sink.requests).toHaveLength(0);
  const resumedMs = await stage.nowMs();
  await stage.command(batchId, 'resume');
  await stage.finish('batch', batchId);
  const [sentAtMs = 0] = await stage.attemptsAt(later);
  expect(sentAtMs - resumedMs).toBeLessThan(10 * SECOND);
});

test('a resume is told to children whose batch was terminated while it was paused', async () => {
  const dueMs = (await stage.nowMs()) + HOUR;
  const { batchId, messageIds } = await stage.batch([{ id: 'later', notBeforeMs: dueMs }]);
  const [later = ''] = messageIds;
  await stage.until('it waits', async () => (await stage.message(later)).state === 'waiting');
  await stage.command(batchId, 'pause');
  await stage.observed(batchId);
  await stage.sleep(HOUR + MINUTE);
  await jobHandle(batchId).terminate();
  const resumedMs = await stage.nowMs();
  await stage.command(batchId, 'resume');
  await stage.until('it is sent', () => stage.sink.requests.length === 1);
  const [sentAtMs = 0] = await stage.attemptsAt(later);
  expect(sentAtMs - resumedMs).toBeLessThan(MINUTE);
});

test('a cancel ends the children that an earlier run started', async () => {
  const dueMs = (await stage.nowMs()) + 30 * DAY;
  const { batchId, messageIds } = await stage.batch([{ id: 'later', notBeforeMs: dueMs }]);
  await stage.sleep(3 * DAY);
  await stage.command(batchId, 'cancel');
  await stage.until('the batch ends', async () => (await stage.job(batchId)).phase === 'settled');
  const child = stage.client.workflow.getHandle(workflowIds.message('batch', messageIds[0] ?? ''));
  await stage.until('its child ends', async () => (await child.describe()).status.name === 'COMPLETED');
  expect(await stage.states(batchId)).toEqual(['canceled']);
});
