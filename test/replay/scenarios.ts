import { type Database } from '../../src/ledger/database';
import { deleteEndpoint, updateEndpoint } from '../../src/ledger/webhook-endpoints';
import { workflowIds } from '../../workflows/contract';
import { type TimeSkippingOptions } from '../support/time-skipping';
import { DAY, WORKSPACE, type Stage } from '../workflow/stage';
import { startWebhookStage, type WebhookStage } from '../workflow/webhook-stage';

/** One path through a workflow, and the run whose history shows it. */
export interface Path {
  /** File name of the history: the workflow's name, a dash, the path. */
  readonly name: string;
  readonly workflowId: string;
  /** Absent: the newest run of that id. `first`: the oldest of its chain. */
  readonly run?: 'first';
}

export interface Scenario {
  readonly options?: TimeSkippingOptions;
  /** Plays it, and names what to keep of it. */
  play(stage: WebhookStage): Promise<readonly Path[]>;
}

const job = (kind: 'bulk' | 'batch', jobId: string): string => workflowIds.job(kind, jobId);
const inline = (id: string) => ({ to: { user_id: id }, profile: { email: `${id}@example.org` } });
const byEmail = { spec: { route: ['email' as const] } };

/** Paths for which time has to pass, or a signal has to come at the right moment. */
export const SCENARIOS: readonly Scenario[] = [
  { play: signalled },
  { play: nestedUser },
  { options: { settings: { maxSignals: 3 } }, play: floodedBySignals },
  { play: shardFailed },
  { play: childAlreadyOpen },
  { play: scheduledForWeeks },
  { play: rejectedBatch },
  { play: paged },
  { play: inPlace },
  { options: { breakDb: loseThreeOutcomes }, play: inPlaceFailed },
  { options: { settings: { maxSignals: 4 } }, play: endpoint },
];

/** Users inline, each with an address: the check that no history shows one has something to find. */
async function signalled(stage: Stage): Promise<readonly Path[]> {
  const jobId = await stage.fill([], byEmail);
  const handle = stage.client.workflow.getHandle(job('bulk', jobId));
  await handle.signal('ingestUsers', { ingestionId: 'one', users: [inline('ann'), inline('bob')] });
  await handle.signal('ingestUsers', { users: [inline('eve')] });
  await handle.signal('run');
  await stage.finish('bulk', jobId);
  return [{ name: 'bulkJob-by-signal', workflowId: job('bulk', jobId) }];
}

/** Of two users one is nested more deeply than JSON can be written. */
async function nestedUser(stage: Stage): Promise<readonly Path[]> {
  const jobId = await stage.fill([], byEmail);
  const deep = '['.repeat(10_000) + ']'.repeat(10_000);
  const [bad, good] = [
    `{"to": {"user_id": "bad"}, "data": {"deep": ${deep}}}`,
    '{"to": {"user_id": "good"}}',
  ];
  await stage.signalJson(jobId, 'ingestUsers', `{"users": [${bad}, ${good}]}`);
  await stage.client.workflow.getHandle(job('bulk', jobId)).signal('run');
  await stage.finish('bulk', jobId);
  return [{ name: 'bulkJob-nested-user', workflowId: job('bulk', jobId) }];
}

async function floodedBySignals(stage: Stage): Promise<readonly Path[]> {
  const jobId = await stage.fill([], byEmail);
  const workflowId = job('bulk', jobId);
  const handle = stage.client.workflow.getHandle(workflowId);
  for (const id of ['a', 'b', 'c']) await handle.signal('ingestUsers', { users: [{ to: { user_id: id } }] });
  await stage.until('all came', async () => (await stage.job(jobId)).received === 3);
  await handle.signal('run');
  await stage.finish('bulk', jobId);
  return [
    { name: 'bulkJob-continued-as-new', workflowId, run: 'first' },
    { name: 'bulkJob-continued', workflowId },
  ];
}

/** A shard that cannot even be started ends for its job as one that fails or is terminated: what it held is planned again. */
async function shardFailed(stage: Stage): Promise<readonly Path[]> {
  const jobId = await stage.fill(['u']);
  await stage.client.workflow.start('deliverShard', {
    taskQueue: 'nobody',
    workflowId: workflowIds.shard(jobId, 1, 0),
  });
  await stage.command(jobId, 'run');
  await stage.until('it is sent', async () => (await stage.states(jobId))[0] === 'sent');
  await stage.until('the job ends', async () => (await stage.job(jobId)).phase === 'settled');
  const handle = stage.client.workflow.getHandle(job('bulk', jobId));
  await stage.until('its workflow ends', async () => (await handle.describe()).status.name === 'COMPLETED');
  return [{ name: 'bulkJob-shard-failed', workflowId: job('bulk', jobId) }];
}

async function childAlreadyOpen(stage: Stage): Promise<readonly Path[]> {
  stage.sink.answerOnce({ status: 503, headers: { 'retry-after': '20' } });
  const jobId = await stage.fill(['u']);
  await stage.command(jobId, 'run');
  const waits = async () => (await stage.messages(jobId))[0]?.waitReason === 'retry_after';
  await stage.until('its child waits', waits);
  for (const id of [job('bulk', jobId), workflowIds.shard(jobId, 1, 0)])
    await stage.client.workflow.getHandle(id).terminate();
  // As if it were due: the child of the first shard still waits when the second one means to start it.
  await stage.db.query('update message_states set due_at = ledger_now() where job_id = $1', [jobId]);
  await stage.command(jobId, 'pause');
  await stage.command(jobId, 'resume');
  const second = stage.client.workflow.getHandle(workflowIds.shard(jobId, 2, 0));
  const hasEnded = async () => (await second.describe().catch(() => undefined))?.status.name === 'COMPLETED';
  await stage.until('the second shard ended', hasEnded);
  return [{ name: 'deliverShard-child-already-open', workflowId: workflowIds.shard(jobId, 2, 0) }];
}

async function scheduledForWeeks(stage: Stage): Promise<readonly Path[]> {
  const dueMs = (await stage.nowMs()) + 16 * DAY;
  const { batchId, messageIds } = await stage.batch([{ id: 'later', notBeforeMs: dueMs }]);
  await stage.finish('batch', batchId);
  const workflowId = job('batch', batchId);
  const child = workflowIds.message('batch', messageIds[0] ?? '');
  return [
    { name: 'batch-scheduled', workflowId, run: 'first' },
    { name: 'batch-continued', workflowId },
    { name: 'deliverMessage-waiting', workflowId: child, run: 'first' },
    { name: 'deliverMessage-continued', workflowId: child },
  ];
}

async function rejectedBatch(stage: Stage): Promise<readonly Path[]> {
  const fault = { reason: 'invalid_input', description: 'no body' } as const;
  const { batchId } = await stage.batch([{ id: 'bad', faults: [fault] }]);
  await stage.finish('batch', batchId);
  return [{ name: 'batch-rejected', workflowId: job('batch', batchId) }];
}

/** A job whose shard is one activity. */
async function paged(stage: Stage): Promise<readonly Path[]> {
  const jobId = await stage.fill(['p1', 'p2'], { fanOut: 'page' });
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  return [
    { name: 'bulkJob-paged', workflowId: job('bulk', jobId) },
    { name: 'deliverShard-paged', workflowId: workflowIds.shard(jobId, 1, 0) },
  ];
}

/** Attempts in the workflow task: one that is accepted, and one that is repeated after a wait. */
async function inPlace(stage: Stage): Promise<readonly Path[]> {
  stage.sink.answerOnce({ status: 503 });
  const jobId = await stage.fill(['i1', 'i2']);
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  const messages = await stage.messages(jobId);
  const attempts = await Promise.all(messages.map(({ messageId }) => stage.attemptsAt(messageId)));
  const childOf = (tries: number): string => {
    const at = attempts.findIndex(({ length }) => length === tries);
    return workflowIds.message('bulk', messages[at]?.messageId ?? '');
  };
  return [
    { name: 'deliverMessage-in-place', workflowId: childOf(1) },
    { name: 'deliverMessage-in-place-retried', workflowId: childOf(2) },
    { name: 'deliverShard-in-place', workflowId: workflowIds.shard(jobId, 1, 0) },
  ];
}

/** The ledger is away for longer than an attempt in place is tried: the queue has it then. */
async function inPlaceFailed(stage: Stage): Promise<readonly Path[]> {
  const jobId = await stage.fill(['f']);
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  const [message] = await stage.messages(jobId);
  const workflowId = workflowIds.message('bulk', message?.messageId ?? '');
  return [{ name: 'deliverMessage-in-place-failed', workflowId }];
}

/** An endpoint that fails, backs off, is told of a version that never was, and then by its owner; renewed, idle, deleted. */
async function endpoint(stage: WebhookStage): Promise<readonly Path[]> {
  const { db, sink } = stage;
  sink.answer(({ path }) => ({ status: path === '/right' ? 200 : 404 }));
  const endpointId = await stage.addEndpoint(`${sink.url}/wrong`, { types: ['job.created'] });
  const ref = { workspaceId: WORKSPACE, endpointId };
  const handle = stage.client.workflow.getHandle(workflowIds.webhook(endpointId));
  const failures = async () => (await stage.endpoint(endpointId)).failures;
  await stage.fill([]);
  await stage.wake();
  await stage.until('it failed', async () => (await failures()) === 1);
  await handle.signal('changed', { v: 1, version: 1_000 });
  await stage.until('it failed again', async () => (await failures()) === 2);
  await db.transaction((tx) => updateEndpoint(tx, ref, { url: `${sink.url}/right` }));
  await stage.drained(endpointId);
  for (let times = 0; times < 3; times += 1) await handle.signal('changed', { v: 1, version: 0 });
  const first = await handle.describe();
  await stage.until('it was renewed', async () => (await handle.describe()).runId !== first.runId);
  await db.transaction((tx) => deleteEndpoint(tx, ref));
  await stage.wake();
  await stage.until('it ended', async () => (await handle.describe()).status.name === 'COMPLETED');
  return [
    { name: 'webhookEndpoint-backed-off', workflowId: workflowIds.webhook(endpointId), run: 'first' },
    { name: 'webhookEndpoint-deleted', workflowId: workflowIds.webhook(endpointId) },
  ];
}

function loseThreeOutcomes(db: Database): Database {
  let losses = 3;
  return {
    ...db,
    async query(text, values, options) {
      if (text.includes('settle_attempt') && losses > 0) {
        losses -= 1;
        // Without a stack: where it was recorded is nobody's business.
        throw Object.assign(new Error('the ledger is away'), { stack: '', code: 'P0001' });
      }
      return db.query(text, values, options);
    },
  };
}

/** Plays a scenario in a world of its own. */
export async function play(
  scenario: Scenario,
  keep: (stage: Stage, paths: readonly Path[]) => Promise<void>,
): Promise<void> {
  const stage = await startWebhookStage(scenario.options);
  try {
    await keep(stage, await scenario.play(stage));
  } finally {
    await stage.close();
  }
}
