import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { auditJob } from '../../src/audit/audit-job';
import { workflowIds, type ChangedSignal } from '../../workflows/contract';
import { fromCourierId } from '../../src/domain/ids';
import { eventually } from '../support/eventually';
import { startHttpSink, type HttpSink } from '../support/sinks/http-sink';
import { SEEDED_WORKSPACE_ID, startTestStack, type TestStack } from '../support/stack';

/**
 * The whole product, its processes killed and its engine broken in the middle of a job. Each ends with a clean audit: every
 * recipient accounted for once, in the ledger, in the API's answers and at the receiver.
 */
let t: TestStack;
let sink: HttpSink;
let client: Client;

beforeAll(async () => {
  sink = await startHttpSink();
  t = await startTestStack({
    VOLLEY_SWEEP_SECONDS: '2',
    VOLLEY_PARK_AFTER_SECONDS: '2',
    VOLLEY_RETRY_BASE_MS: '200',
  });
  const channel = await t.call('POST', `/v1/workspaces/${SEEDED_WORKSPACE_ID}/channels`, {
    kind: 'webhook',
    provider: 'webhook',
    name: 'sink',
    // The longest there is, so that no answer that a test holds back comes too late.
    settings: { url: `${sink.url}/in`, timeoutMs: 30_000 },
  });
  expect(channel.status).toBe(201);
  client = new Client({ connection: Connection.lazy({ address: t.stack.urls.temporal }) });
}, 120_000);

afterAll(async () => {
  await client?.connection.close();
  await t?.close();
  await sink?.close();
}, 60_000);

beforeEach(() => sink.reset());

const LANES = ['workflow', 'page'] as const;
/** Enough for the job to be in the middle of its work when it is broken. */
const MANY = { workflow: 200, page: 1_000 } as const;
let lane: (typeof LANES)[number];

/** A job to the webhook sink with n recipients, filled and not yet run. */
async function fill(n: number): Promise<string> {
  const created = await t.call(
    'POST',
    '/bulk',
    {
      message: {
        message: {
          content: { title: 'Hi', body: 'Hello {{name}}' },
          routing: { method: 'single', channels: ['webhook'] },
        },
      },
    },
    { 'volley-options': `fanOut=${lane}` },
  );
  const users = Array.from({ length: n }, (_, i) => ({ to: { user_id: `u${i}`, data: { name: `n${i}` } } }));
  const added = await t.call('POST', `/bulk/${created.body.jobId}`, { users });
  expect(added.body).toEqual({ total: n });
  return created.body.jobId;
}

const after = (ms: number) => async (): Promise<object> => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return {};
};
/** So that a job takes long enough to be broken in the middle. */
const slowly = after(50);

async function run(jobId: string): Promise<void> {
  expect((await t.call('POST', `/bulk/${jobId}/run`)).status).toBe(202);
}

const job = async (jobId: string) => (await t.call('GET', `/bulk/${jobId}`)).body.job;
const settled = (jobId: string, timeoutMs = 180_000) =>
  eventually(
    `job ${jobId} settles`,
    async () => {
      const now = await job(jobId);
      return (now.status === 'COMPLETED' || now.status === 'ERROR') && now;
    },
    timeoutMs,
  );

async function cleanAudit(jobId: string): Promise<void> {
  const report = await auditJob({
    databaseUrl: t.stack.env['DATABASE_URL'] ?? '',
    jobId,
    api: { url: t.api, key: 'abcd' },
    sink: Object.fromEntries(sink.accepted),
  });
  expect(report.checks.filter((check) => !check.ok)).toEqual([]);
}

const uuid = (jobId: string): string => fromCourierId(jobId) ?? '';

describe.each(LANES)('in the %s lane', (name) => {
  beforeAll(() => {
    lane = name;
  });

  test('600 recipients over two shards are each delivered exactly once', async () => {
    const id = await fill(600);
    await run(id);
    const end = await settled(id);
    expect(end).toMatchObject({ received: 600, enqueued: 600, failures: 0, status: 'COMPLETED' });
    expect(end.counts.sent).toBe(600);
    expect(sink.totals()).toMatchObject({ keys: 600, accepted: 600, duplicated: 0, lost: 0 });
    await cleanAudit(id);
  }, 400_000);

  test('60 of 600 in a long backoff do not hold up the other 540', async () => {
    let released = false;
    sink.answer((request) => {
      const slow = Number(request.recipientId?.slice(1)) % 10 === 0;
      return slow && !released ? { status: 503, headers: { 'retry-after': '20' } } : {};
    });
    const id = await fill(600);
    await run(id);
    await eventually(
      '540 sent while 60 wait',
      async () => {
        const { counts } = await job(id);
        return counts.sent === 540 && counts.waiting === 60;
      },
      150_000,
    );
    released = true;
    const end = await settled(id);
    expect(end.counts.sent).toBe(600);
    await cleanAudit(id);
  }, 400_000);

  test('a worker killed with -9 in the middle loses nobody and sends no key twice as new', async () => {
    sink.answer(slowly);
    const n = MANY[lane];
    const id = await fill(n);
    const before = t.pid('worker');
    await run(id);
    await sink.waitFor(60, 120_000);
    process.kill(before, 'SIGKILL');
    await eventually('the worker is started again', async () => t.pid('worker') !== before, 30_000);
    const end = await settled(id, 120_000);
    expect(end.counts.sent).toBe(n);
    expect(sink.accepted.size).toBe(n);
    await cleanAudit(id);
  }, 400_000);

  test('a worker that is told to stop in the middle ends its calls: nothing is sent twice', async () => {
    sink.answer(after(1_000));
    const id = await fill(200);
    const before = t.pid('worker');
    await run(id);
    await sink.waitFor(60, 120_000);
    process.kill(before, 'SIGTERM');
    await eventually('the worker is started again', async () => t.pid('worker') !== before, 60_000);
    const end = await settled(id, 120_000);
    expect(end.counts.sent).toBe(200);
    expect(sink.totals()).toMatchObject({ keys: 200, accepted: 200, duplicated: 0, lost: 0 });
    await cleanAudit(id);
  }, 400_000);

  test('a call that outlasts a workflow task is made once', async () => {
    sink.answer(after(12_000));
    const id = await fill(20);
    await run(id);
    const end = await settled(id);
    expect(end.counts.sent).toBe(20);
    expect(sink.totals()).toMatchObject({ keys: 20, accepted: 20, duplicated: 0, lost: 0 });
    await cleanAudit(id);
  }, 400_000);

  test('bulkJob, a shard and a message terminated in the middle are repaired', async () => {
    sink.answer(slowly);
    const n = MANY[lane];
    const id = await fill(n);
    await run(id);
    await sink.waitFor(20, 120_000);
    const items = (await t.call('GET', `/bulk/${id}/users`)).body.items;
    const pending =
      items.findLast((item: { status: string; messageId?: string }) => item.messageId)?.messageId ?? '';
    const terminate = (workflowId: string) => client.workflow.getHandle(workflowId).terminate('test');
    // It may have ended, and a page has none.
    await terminate(workflowIds.message('bulk', uuid(pending))).catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    });
    await terminate(workflowIds.shard(uuid(id), 1, 0));
    await terminate(workflowIds.job('bulk', uuid(id)));
    const end = await settled(id, 120_000);
    expect(end.counts.sent).toBe(n);
    await cleanAudit(id);
  }, 400_000);

  test("Temporal's database deleted in the middle only delays the job", async () => {
    sink.answer(slowly);
    const n = MANY[lane];
    const id = await fill(n);
    await run(id);
    await sink.waitFor(40, 120_000);
    const before = t.pid('temporal');
    for (const suffix of ['', '-wal', '-shm'])
      rmSync(join(t.dataDir, `temporal.db${suffix}`), { force: true });
    process.kill(before, 'SIGKILL');
    const end = await settled(id, 240_000);
    expect(end.counts.sent).toBe(n);
    expect(sink.accepted.size).toBe(n);
    await cleanAudit(id);
  }, 400_000);

  test('after a pause no attempt begins, whatever old signal is repeated', async () => {
    sink.answer(slowly);
    const n = MANY[lane];
    const id = await fill(n);
    await run(id);
    await sink.waitFor(30, 120_000);
    expect((await t.call('POST', `/bulk/${id}/pause`)).status).toBe(202);
    const inFlight = await eventually('what was under way has ended', async () => {
      const { counts } = await job(id);
      return counts.sending === 0 && { sent: counts.sent as number };
    });
    const old: ChangedSignal = { v: 1, version: 1 };
    const handle = client.workflow.getHandle(workflowIds.job('bulk', uuid(id)));
    for (let i = 0; i < 3; i += 1) await handle.signal('changed', old);
    await eventually('the workflow has looked', async () => (await job(id)).live?.step === 'paused');
    expect((await job(id)).counts.sent).toBe(inFlight.sent);
    expect((await job(id)).status).toBe('PROCESSING');
    await t.call('POST', `/bulk/${id}/resume`);
    expect((await settled(id)).counts.sent).toBe(n);
    await cleanAudit(id);
  }, 400_000);

  test('a cancel during an HTTP call reports that message as sent and the rest as canceled', async () => {
    let answer: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    sink.answer(async () => {
      await held;
      return {};
    });
    const id = await fill(100);
    await run(id);
    await sink.waitFor(1, 120_000);
    expect((await t.call('POST', `/bulk/${id}/cancel`)).status).toBe(202);
    const under = await eventually('nothing waits any more', async () => {
      const { counts } = await job(id);
      return counts.pending === 0 && counts.waiting === 0 && counts;
    });
    answer();
    const end = await settled(id);
    expect(end.status).toBe('ERROR');
    expect(end.counts.sent).toBe(under.sending + under.sent);
    expect(end.counts.sent + end.counts.canceled).toBe(100);
    expect(sink.accepted.size).toBe(end.counts.sent);
    await cleanAudit(id);
  }, 120_000);
});
