/**
 * Records the histories that `replay.test.ts` replays, from real runs on the real stack: `npm run replay:record`. Record anew only
 * together with a `patched()` change, and keep the old ones as long as runs like them may be open.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { fromCourierId } from '../../src/domain/ids';
import { findTemporal } from '../../src/runtime/embedded/temporal-binary';
import { workflowIds } from '../../workflows/contract';
import { eventually } from '../support/eventually';
import { startHttpSink } from '../support/sinks/http-sink';
import { SEEDED_WORKSPACE_ID, startTestStack } from '../support/stack';
import { RECORDING_KEY } from './keys';

const OUT = join(__dirname, 'histories');

async function main(): Promise<void> {
  mkdirSync(OUT, { recursive: true });
  const sink = await startHttpSink();
  const t = await startTestStack({
    VOLLEY_ENCRYPTION_KEY: RECORDING_KEY,
    VOLLEY_PARK_AFTER_SECONDS: '1',
    VOLLEY_RETRY_BASE_MS: '200',
  });
  const client = new Client({ connection: await Connection.connect({ address: t.stack.urls.temporal }) });
  const cli = await findTemporal('temporal', process.env);
  // The CLI writes proto3 JSON, which is what Worker.runReplayHistory reads.
  const save = async (name: string, workflowId: string): Promise<void> => {
    const args = [
      'workflow',
      'show',
      '--workflow-id',
      workflowId,
      '--address',
      t.stack.urls.temporal,
      '--output',
      'json',
    ];
    const { stdout } = await promisify(execFile)(cli, args, { maxBuffer: 50_000_000 });
    // Who recorded it is nobody's business.
    const anonymous = stdout.replace(/"identity": *"[^"]*"/g, '"identity": "recorded"');
    const history = JSON.parse(anonymous) as { events: unknown[] };
    writeFileSync(join(OUT, `${name}.json`), `${JSON.stringify(history)}\n`);
    console.log(`${name}: ${history.events.length} events`);
  };
  const closed = (workflowId: string): Promise<unknown> =>
    eventually(
      `${workflowId} closes`,
      async () => (await client.workflow.getHandle(workflowId).describe()).status.name !== 'RUNNING',
      120_000,
    );

  const channels = `/v1/workspaces/${SEEDED_WORKSPACE_ID}/channels`;
  const hook = { kind: 'webhook', provider: 'webhook', name: 'sink', settings: { url: sink.url } };
  await t.call('POST', channels, hook);

  const job = async (n: number): Promise<string> => {
    const content = { title: 'Hi', body: 'Hello' };
    const created = await t.call('POST', '/bulk', {
      message: { message: { content, routing: { method: 'single', channels: ['webhook'] } } },
    });
    const users = Array.from({ length: n }, (_, i) => ({ recipient: `u${i}` }));
    await t.call('POST', `/bulk/${created.body.jobId}`, { users });
    return created.body.jobId as string;
  };
  const jobFlow = (id: string): string => workflowIds.job('bulk', fromCourierId(id) ?? '');
  const items = async (id: string) =>
    (await t.call('GET', `/bulk/${id}/users`)).body.items as { messageId: string }[];

  // A happy job, its shard and a message.
  const happy = await job(30);
  await t.call('POST', `/bulk/${happy}/run`);
  await closed(jobFlow(happy));
  await save('bulkJob-happy', jobFlow(happy));
  await save('deliverShard-happy', workflowIds.shard(fromCourierId(happy) ?? '', 1, 0));
  await save('deliverMessage-sent', `message/${(await items(happy))[0]?.messageId}`);

  // A message that is tried again at once, and one that is parked and planned again.
  sink.answer((request) =>
    request.callOfKey === 1 &&
    request.recipientId === 'u0' &&
    sink.requests.filter((r) => r.recipientId === 'u0').length === 1
      ? { status: 503 }
      : request.recipientId === 'u1' && sink.requests.filter((r) => r.recipientId === 'u1').length === 1
        ? { status: 503, headers: { 'retry-after': '3' } }
        : {},
  );
  sink.reset();
  const retried = await job(2);
  let calls = 0;
  sink.answer((request) => {
    calls += 1;
    if (calls > 2) return {};
    return request.recipientId === 'u0' ? { status: 503 } : { status: 503, headers: { 'retry-after': '3' } };
  });
  await t.call('POST', `/bulk/${retried}/run`);
  await eventually(
    'one is parked',
    async () => (await t.call('GET', `/bulk/${retried}`)).body.job.counts.waiting === 1,
  );
  const [first, second] = await items(retried);
  await closed(`message/${second?.messageId}`);
  await save('deliverMessage-parked', `message/${second?.messageId}`);
  await closed(jobFlow(retried));
  await save('deliverMessage-retried', `message/${first?.messageId}`);
  await save('bulkJob-planned-again', jobFlow(retried));

  // Paused and resumed; the shard was stopped.
  sink.reset();
  const paused = await job(60);
  sink.answer({ delayMs: 300 });
  await t.call('POST', `/bulk/${paused}/run`);
  await sink.waitFor(10, 60_000);
  await t.call('POST', `/bulk/${paused}/pause`);
  await closed(workflowIds.shard(fromCourierId(paused) ?? '', 1, 0));
  await save('deliverShard-stopped', workflowIds.shard(fromCourierId(paused) ?? '', 1, 0));
  await t.call('POST', `/bulk/${paused}/resume`);
  await closed(jobFlow(paused));
  await save('bulkJob-paused-resumed', jobFlow(paused));

  // Cancelled in the middle, by the API and by a Cancel request.
  sink.reset();
  sink.answer({ delayMs: 300 });
  const canceled = await job(60);
  await t.call('POST', `/bulk/${canceled}/run`);
  await sink.waitFor(10, 60_000);
  await client.workflow.getHandle(jobFlow(canceled)).cancel();
  await closed(jobFlow(canceled));
  await save('bulkJob-canceled', jobFlow(canceled));

  // Batches: happy with one rejected, one scheduled, one cancelled while it waits.
  sink.reset();
  const to = [{ identifierValue: 'somebody' }];
  const text = { type: 'text', text: { text: 'Hi' } };
  const channel = `/workspaces/${SEEDED_WORKSPACE_ID}/channels/${SEEDED_WORKSPACE_ID}`;
  const batch = async (messageRequests: unknown[]) =>
    (await t.call('POST', `${channel}/batch/messages`, { messageRequests })).body as {
      id: string;
      messages: { id: string }[];
    };
  const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();
  const mixed = await batch([
    { receiver: { contacts: to }, body: text },
    42,
    { receiver: { contacts: to }, body: text, scheduledFor: soon(3_000) },
  ]);
  await closed(`batch/${mixed.id}`);
  await save('batch-mixed', `batch/${mixed.id}`);
  await save('deliverMessage-scheduled', `message/${mixed.messages[2]?.id}`);
  const dropped = await batch([{ receiver: { contacts: to }, body: text, scheduledFor: soon(3_600_000) }]);
  await eventually(
    'it waits',
    async () =>
      (await t.call('GET', `${channel}/messages/${dropped.messages[0]?.id}`)).body.status === 'scheduled',
  );
  await client.workflow.getHandle(`batch/${dropped.id}`).cancel();
  await closed(`batch/${dropped.id}`);
  await save('batch-canceled', `batch/${dropped.id}`);
  await save('deliverMessage-canceled', `message/${dropped.messages[0]?.id}`);

  await client.connection.close();
  await t.close();
  await sink.close();
}

void main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
