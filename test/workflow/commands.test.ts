import { type JobStatusAnswer, workflowIds } from '../../workflows/contract';
import { type SinkAnswer } from '../support/sinks/http-answers';
import { DAY, HOUR, MINUTE, people, startStage, WORKSPACE, type Stage } from './stage';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage?.close());
beforeEach(() => stage.sink.reset());

const jobHandle = (jobId: string) => stage.client.workflow.getHandle(workflowIds.job('bulk', jobId));
const users = (...ids: string[]) => ids.map((id) => ({ to: { user_id: id } }));

/** Makes calls to the sink wait for `open`, and then answers so. */
function gate(answer: SinkAnswer = {}): { waiting(): number; open(): void } {
  const held: (() => void)[] = [];
  let opened = false;
  stage.sink.answer(
    () => new Promise((resolve) => (opened ? resolve(answer) : held.push(() => resolve(answer)))),
  );
  return {
    waiting: () => held.length,
    open() {
      opened = true;
      for (const release of held) release();
    },
  };
}

async function ledgerNowMs(): Promise<number> {
  const [row] = await stage.db.query<{ at: Date }>('select ledger_now() as at');
  return row?.at.getTime() ?? 0;
}

const attempts = async (jobId: string): Promise<number[]> => {
  const rows = await stage.db.query<{ at: Date }>(
    `select a.started_at as at from attempts a join messages m on m.id = a.message_id where m.job_id = $1`,
    [jobId],
  );
  return rows.map((row) => row.at.getTime());
};

test('no attempt begins after a pause was committed, for days; after a resume each is sent once', async () => {
  stage.sink.answer({ delayMs: 30 });
  const jobId = await stage.fill(people(120));
  await stage.command(jobId, 'run');
  await stage.until('some are sent', () => stage.sink.requests.length >= 20);
  await stage.command(jobId, 'pause');
  const pausedAtMs = await ledgerNowMs();
  const idle = async () => (await stage.query<JobStatusAnswer>('bulk', jobId, 'status')).shardsRunning === 0;
  await stage.until('no shard runs', idle);
  const before = await attempts(jobId);
  expect(before.length).toBeLessThan(120);
  await stage.sleep(3 * DAY);
  const after = await attempts(jobId);
  expect(after).toHaveLength(before.length);
  expect(Math.max(...after)).toBeLessThanOrEqual(pausedAtMs);
  expect((await stage.job(jobId)).counts.sending).toBe(0);

  await stage.command(jobId, 'resume');
  await stage.finish('bulk', jobId);
  expect(stage.sink.totals()).toMatchObject({ keys: 120, accepted: 120, duplicated: 0, repeated: 0 });
});

test('a cancel during a wait settles at once, whatever time was left', async () => {
  stage.sink.answer({ status: 503, headers: { 'retry-after': '3600' } });
  const startedMs = await stage.nowMs();
  const jobId = await stage.fill(['parked', { id: 'later', notBeforeMs: startedMs + 5 * HOUR }]);
  await stage.command(jobId, 'run');
  await stage.until('one is parked', async () => (await stage.states(jobId))[0] === 'waiting');
  await stage.command(jobId, 'cancel');
  await stage.until('the job ends', async () => (await stage.job(jobId)).phase === 'settled');
  expect((await stage.nowMs()) - startedMs).toBeLessThan(MINUTE);
  expect(await stage.states(jobId)).toEqual(['canceled', 'canceled']);
  expect(await stage.finish('bulk', jobId)).toMatchObject({ status: 'ERROR', received: 2 });
});

test('a cancel never interrupts an attempt: what is under way is reported as it ends', async () => {
  const calls = gate();
  const jobId = await stage.fill(people(60));
  await stage.command(jobId, 'run');
  await stage.until('the window is full', () => calls.waiting() === 50);
  await stage.command(jobId, 'cancel');
  await stage.until('the rest is canceled', async () => (await stage.job(jobId)).counts.canceled === 10);
  expect((await stage.job(jobId)).counts.sending).toBe(50);
  calls.open();
  await stage.finish('bulk', jobId);
  expect((await stage.job(jobId)).counts).toMatchObject({ sent: 50, canceled: 10, sending: 0 });
});

test('an attempt that would be repeated after a cancel is canceled instead', async () => {
  const calls = gate({ status: 503 });
  const jobId = await stage.fill(['u']);
  await stage.command(jobId, 'run');
  await stage.until('the call is under way', () => calls.waiting() === 1);
  await stage.command(jobId, 'cancel');
  calls.open();
  await stage.finish('bulk', jobId);
  expect(await stage.states(jobId)).toEqual(['canceled']);
  expect(stage.sink.requests).toHaveLength(1);
  // By its own outcome, and not in the wait for another.
  const [message] = await stage.messages(jobId);
  const ref = { workspaceId: WORKSPACE, messageId: message?.messageId ?? '' };
  const events = await stage.engine.service.readTimeline(stage.db, ref);
  expect(events.map(({ type }) => type)).not.toContain('waiting');
});

test('a job that is cancelled while open ends, and runs no more', async () => {
  const jobId = await stage.fill(people(3));
  await stage.command(jobId, 'cancel');
  expect(await stage.finish('bulk', jobId)).toMatchObject({ status: 'ERROR', received: 3, failures: 3 });
  await expect(stage.command(jobId, 'run')).rejects.toThrow('cancelled');
});

test('commands without a version are applied once and in the order in which they came', async () => {
  const jobId = await stage.fill([]);
  const handle = jobHandle(jobId);
  await handle.signal('ingestUsers', { ingestionId: 'first', users: users('a', 'b') });
  await handle.signal('ingestUsers', { ingestionId: 'first', users: users('c') });
  await handle.signal('ingestUsers', { users: users('b', 'd') });
  await handle.signal('pause');
  await handle.signal('run');
  await handle.signal('ingestUsers', { ingestionId: 'late', users: users('e') });
  await handle.signal('run');
  await stage.until('all were applied', async () => (await stage.job(jobId)).phase === 'running');
  await stage.observed(jobId);
  await stage.sleep(DAY);
  expect(stage.sink.requests).toHaveLength(0);
  const recipients = (await stage.messages(jobId)).map((message) => message.recipientId);
  expect(recipients).toEqual(['a', 'b', 'd']);

  await handle.signal('resume');
  expect(await stage.finish('bulk', jobId)).toMatchObject({ status: 'COMPLETED', received: 3, enqueued: 3 });
  expect(stage.sink.totals()).toMatchObject({ keys: 3, accepted: 3, repeated: 0 });
});

test('a user nested too deeply to be handed on is left out, and stops neither the others nor the job', async () => {
  const jobId = await stage.fill([]);
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const [bad, good] = [
    `{"to": {"user_id": "bad"}, "data": {"deep": ${deep}}}`,
    '{"to": {"user_id": "good"}}',
  ];
  await stage.signalJson(jobId, 'ingestUsers', `{"users": [${bad}, ${good}]}`);
  await jobHandle(jobId).signal('run');
  expect(await stage.finish('bulk', jobId)).toMatchObject({ received: 1, enqueued: 1 });
  expect(stage.sink.requests.map(({ recipientId }) => recipientId)).toEqual(['good']);
});

test('a cancel by signal ends the job as the command does', async () => {
  const jobId = await stage.fill(people(2));
  await jobHandle(jobId).signal('cancel');
  expect(await stage.finish('bulk', jobId)).toMatchObject({ status: 'ERROR' });
  expect((await stage.job(jobId)).cancelRequested).toBe(true);
});

test('old, repeated and reordered changed signals do not undo a pause', async () => {
  const jobId = await stage.fill(people(3));
  await stage.command(jobId, 'pause');
  await stage.command(jobId, 'run');
  for (const version of [3, 1, 2, 3, 0, -1]) await jobHandle(jobId).signal('changed', { v: 1, version });
  await stage.observed(jobId);
  await stage.sleep(DAY);
  expect(stage.sink.requests).toHaveLength(0);
  await stage.command(jobId, 'resume');
  expect(await stage.finish('bulk', jobId)).toMatchObject({ enqueued: 3 });
});

test('a signal that was lost is made good by any later one', async () => {
  const jobId = await stage.fill(people(3));
  stage.engine.notify = false;
  await stage.command(jobId, 'run');
  stage.engine.notify = true;
  const { version } = await stage.job(jobId);
  await jobHandle(jobId).signal('changed', { v: 1, version });
  expect(await stage.finish('bulk', jobId)).toMatchObject({ enqueued: 3 });
});

test('a version that never was, or a refused command, does not deafen the job to true ones', async () => {
  const jobId = await stage.fill(people(3));
  await jobHandle(jobId).signal('changed', { v: 1, version: 1_000_000 });
  await jobHandle(jobId).signal('changed');
  await stage.command(jobId, 'pause');
  await stage.observed(jobId);
  await stage.command(jobId, 'run');
  await jobHandle(jobId).signal('run');
  await jobHandle(jobId).signal('ingestUsers', { users: users('too-late') });
  await stage.observed(jobId);
  await stage.command(jobId, 'resume');
  expect(await stage.finish('bulk', jobId)).toMatchObject({ received: 3, enqueued: 3 });
});

test('a suspended job that is cancelled rests until an operator has looked', async () => {
  const jobId = await stage.fill(people(2));
  await stage.db.query(`update jobs set suspended = 'ledger_older' where id = $1`, [jobId]);
  await stage.command(jobId, 'cancel');
  await stage.observed(jobId);
  await stage.sleep(DAY);
  expect((await jobHandle(jobId).describe()).historyLength).toBeLessThan(60);
  expect((await stage.job(jobId)).phase).toBe('open');
  await stage.db.query('update jobs set suspended = null, version = version + 1 where id = $1', [jobId]);
  await jobHandle(jobId).signal('changed', { v: 1, version: (await stage.job(jobId)).version });
  expect(await stage.finish('bulk', jobId)).toMatchObject({ status: 'ERROR' });
});

test('a suspended batch whose messages have all ended rests too', async () => {
  const { batchId, messageIds } = await stage.batch([
    { id: 'later', notBeforeMs: (await stage.nowMs()) + DAY },
  ]);
  const handle = stage.client.workflow.getHandle(workflowIds.job('batch', batchId));
  await stage.until('it waits', async () => (await stage.states(batchId))[0] === 'waiting');
  await stage.db.query(`update jobs set suspended = 'ledger_older' where id = $1`, [batchId]);
  await stage.db.transaction((tx) =>
    stage.engine.service.cancelMessage(tx, { workspaceId: WORKSPACE, messageId: messageIds[0] ?? '' }),
  );
  await stage.observed(batchId);
  const child = stage.client.workflow.getHandle(workflowIds.message('batch', messageIds[0] ?? ''));
  await stage.until('its child ends', async () => (await child.describe()).status.name === 'COMPLETED');
  await handle.signal('changed');
  await stage.sleep(DAY);
  expect((await handle.describe()).historyLength).toBeLessThan(80);
  await stage.db.query('update jobs set suspended = null, version = version + 1 where id = $1', [batchId]);
  await handle.signal('changed', { v: 1, version: (await stage.job(batchId)).version });
  await stage.finish('batch', batchId);
  expect(await stage.states(batchId)).toEqual(['canceled']);
});
