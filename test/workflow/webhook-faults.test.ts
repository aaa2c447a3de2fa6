import { RETRY_WAITS_MS } from '../../src/domain/webhooks';
import { type Database } from '../../src/ledger/database';
import { openDrain, queuedPage, settleQueued } from '../../src/ledger/webhook-queue';
import { noteJobProgress, takeWebhookWakes } from '../../src/ledger/webhook-wakes';
import { deleteEndpoint, sealSecrets, updateEndpoint } from '../../src/ledger/webhook-endpoints';
import { createSecretBox } from '../../src/runtime/secret-box';
import { createWebhookService } from '../../src/service/webhooks';
import { QUERIES, workflowIds, type WebhookStatusAnswer } from '../../workflows/contract';
import { startHttpSink, type HttpSink } from '../support/sinks/http-sink';
import { DAY, HOUR, MINUTE, people, SECOND, WORKSPACE } from './stage';
import { STANDARD_SECRET, startWebhookStage, type WebhookStage } from './webhook-stage';

const faults = { recordOnce: false, answerOnce: false };
let stage: WebhookStage;
let receiver: HttpSink;

/** Fails the first statement that would write down that a receiver took an event, as a worker does that dies just then. */
function breakable(db: Database): Database {
  return {
    ...db,
    query: (text, values) => {
      if (faults.recordOnce && text.includes('delete from webhook_queue')) {
        faults.recordOnce = false;
        return Promise.reject(new Error('the worker is gone'));
      }
      return db.query(text, values);
    },
    // Commits a failure, and dies before anybody hears of it.
    async transaction(work) {
      let noted = false;
      const result = await db.transaction((tx) =>
        work({
          ...tx,
          query: (text, values) => {
            noted ||= text.includes('failures = failures +');
            return tx.query(text, values);
          },
        }),
      );
      if (!faults.answerOnce || !noted) return result;
      faults.answerOnce = false;
      throw new Error('the worker is gone');
    },
  };
}

beforeAll(async () => {
  [stage, receiver] = await Promise.all([
    startWebhookStage({ breakDb: breakable, settings: { maxRunMs: HOUR } }),
    startHttpSink(),
  ]);
}, 60_000);
afterAll(async () => {
  await stage?.close();
  await receiver?.close();
});
afterEach(async () => {
  await stage.db.query(`update webhook_endpoints set deleted_at = ledger_now() where deleted_at is null`);
  receiver.reset();
});

const idsOf = (sink: HttpSink) => sink.requests.map(({ headers }) => headers['webhook-id'] ?? '');

async function sendBatch(names: readonly string[] = ['u0']): Promise<readonly string[]> {
  const { batchId, messageIds } = await stage.batch(names);
  await stage.finish('batch', batchId);
  return messageIds;
}

test('a worker that dies after a call repeats that one event, with the same id, and loses none', async () => {
  const id = await stage.addEndpoint(receiver.url, { types: ['message.sent'] });
  await sendBatch(people(5));
  faults.recordOnce = true;
  await stage.drained(id);
  const ids = idsOf(receiver);
  expect(ids).toHaveLength(6);
  expect(ids[1]).toBe(ids[0]);
  expect(new Set(ids).size).toBe(5);
});

test('a worker that dies once a failure is written down makes no second call, and no second step of the schedule', async () => {
  const id = await stage.addEndpoint(receiver.url, { types: ['message.sent'] });
  const times: number[] = [];
  receiver.answer(async () => {
    times.push(await stage.nowMs());
    return { status: times.length === 1 ? 500 : 200 };
  });
  await sendBatch();
  faults.answerOnce = true;
  await stage.drained(id);
  expect(faults.answerOnce).toBe(false);
  // A call by the next worker would come at once, and a second step would wait for minutes.
  const [first = 0, second = 0, ...more] = times;
  expect(more).toEqual([]);
  expect(second - first).toBeGreaterThan(RETRY_WAITS_MS[0]! - SECOND);
  expect(second - first).toBeLessThan(MINUTE);
});

test('a drain that lost its lease stops, and what it sent is not sent again', async () => {
  const id = await stage.addEndpoint(receiver.url, { types: ['message.sent'] });
  // Nobody else drains meanwhile.
  await stage.db.query(`update webhook_endpoints set quiet_until = 'infinity' where id = $1`, [id]);
  await sendBatch(people(2));
  const [zombie, heir] = [await openDrain(stage.db, id, 'zombie'), await openDrain(stage.db, id, 'heir')];
  const [first, second] = await queuedPage(stage.db, id, 0, 10);
  expect(await settleQueued(stage.db, zombie!, first!.id, true)).toBe(false);
  expect((await queuedPage(stage.db, id, 0, 10)).map((event) => event.id)).toEqual([second!.id]);
  expect(await settleQueued(stage.db, heir!, second!.id, true)).toBe(true);
});

test('a secret whose key is gone is a failure like any other, that its owner sees and mends by a rotation', async () => {
  const id = await stage.addEndpoint(receiver.url, { types: ['message.sent'] });
  const ref = { workspaceId: WORKSPACE, endpointId: id };
  const strange = createSecretBox([{ id: 'gone', key: Buffer.alloc(32, 9) }]);
  const sealedSecrets = sealSecrets(strange, ref, [{ secret: STANDARD_SECRET }]);
  await stage.db.transaction((tx) => updateEndpoint(tx, ref, { sealedSecrets }));
  await sendBatch();
  await stage.wake();
  await stage.until('it failed', async () => (await stage.endpoint(id)).failures > 0);
  expect(await stage.endpoint(id)).toMatchObject({
    failingSince: expect.any(Date),
    lastFailure: 'The signing secret cannot be read any more: rotate it.',
  });
  const service = createWebhookService({
    egress: { checkUrl: async () => undefined },
    secretBox: stage.engine.secretBox,
  });
  await stage.db.transaction((tx) => service.rotate(tx, ref));
  await stage.drained(id);
  expect(receiver.requests).toHaveLength(1);
});

test('an event without words fails its endpoint, and is no endless retry that nobody sees', async () => {
  const id = await stage.addEndpoint(receiver.url, { form: 'bird', filters: {} });
  await sendBatch();
  await stage.wake();
  await stage.until('it failed', async () => (await stage.endpoint(id)).failures > 0);
  expect((await stage.endpoint(id)).lastFailure).toContain('into words');
});

test('what rolls back is not told', async () => {
  const id = await stage.addEndpoint(receiver.url, { types: ['job.created'] });
  const work = stage.db.transaction(async (tx) => {
    await stage.engine.service.createBulkJob(tx, {
      workspaceId: WORKSPACE,
      spec: { data: {} },
      definition: {},
      guarantee: 'at_least_once',
    });
    throw new Error('no');
  });
  await expect(work).rejects.toThrow('no');
  await stage.wake();
  await stage.drained(id);
  expect(receiver.requests).toHaveLength(0);
});

test('a workflow that is terminated in its backoff is started again, and not before its time', async () => {
  const id = await stage.addEndpoint(receiver.url, { types: ['message.sent'] });
  receiver.answer({ status: 500 });
  await sendBatch();
  await stage.wake();
  await receiver.waitFor(1);
  const handle = stage.client.workflow.getHandle(workflowIds.webhook(id));
  // Terminated with an activity open, the time-skipping server would never skip time again.
  await stage.until('backing off', async () => {
    const { step } = await handle.query<WebhookStatusAnswer>(QUERIES.status);
    return step === 'backing off';
  });
  await handle.terminate('test');
  expect(await takeWebhookWakes(stage.db, 10)).toEqual([]);
  receiver.answer({});
  await stage.sleep(20 * SECOND);
  await stage.drained(id);
  expect(receiver.requests).toHaveLength(2);
  expect(new Set(idsOf(receiver)).size).toBe(1);
});

test('a backoff that outlives the run goes on in the next one, to its published end', async () => {
  const id = await stage.addEndpoint(receiver.url, { types: ['message.sent'] });
  const times: number[] = [];
  receiver.answer(async () => {
    times.push(await stage.nowMs());
    return { status: 500 };
  });
  await sendBatch();
  await stage.wake();
  await receiver.waitFor(1);
  const handle = stage.client.workflow.getHandle(workflowIds.webhook(id));
  const { runId } = await handle.describe();
  await stage.sleep(9 * HOUR);
  await stage.until('six calls', () => times.length >= 6);
  expect((await handle.describe()).runId).not.toBe(runId);
  const gaps = times.slice(1, 6).map((at, index) => at - times[index]!);
  for (const [index, gap] of gaps.entries()) {
    expect(gap).toBeGreaterThanOrEqual(RETRY_WAITS_MS[index]!);
    expect(gap).toBeLessThan(RETRY_WAITS_MS[index]! + MINUTE);
  }
});

test('a deleted endpoint is called no more, and its workflow ends', async () => {
  const id = await stage.addEndpoint(receiver.url, { types: ['message.sent'] });
  receiver.answer({ status: 500 });
  await sendBatch();
  await stage.wake();
  await stage.until('failed', async () => (await stage.endpoint(id)).failures === 1);
  await stage.db.transaction((tx) => deleteEndpoint(tx, { workspaceId: WORKSPACE, endpointId: id }));
  await stage.wake();
  expect(await stage.result(stage.client.workflow.getHandle(workflowIds.webhook(id)))).toEqual({
    ended: 'deleted',
  });
  await stage.sleep(DAY);
  expect(receiver.requests).toHaveLength(1);
});

test('a running job tells how far it is, each step once, and never after its end', async () => {
  const id = await stage.addEndpoint(receiver.url, { types: ['job.progress', 'job.completed'] });
  const later = (await stage.nowMs()) + HOUR;
  const jobId = await stage.fill([
    ...people(3),
    ...people(7).map((name) => ({ id: `later-${name}`, notBeforeMs: later })),
  ]);
  await stage.command(jobId, 'run');
  await stage.until('three are sent', async () => (await stage.job(jobId)).counts.sent === 3);
  // A job that is being planned just then is passed over.
  await stage.until('it is noted', async () => {
    await noteJobProgress(stage.db);
    const noted = await stage.db.query(
      `select 1 from workspace_events where job_id = $1 and type = 'job.progress'`,
      [jobId],
    );
    return noted.length > 0;
  });
  await noteJobProgress(stage.db);
  await stage.finish('bulk', jobId);
  await noteJobProgress(stage.db);
  await stage.drained(id);
  const told = receiver.requests.map(({ json }) => json as { type: string; data: Record<string, unknown> });
  expect(told.map(({ type, data }) => [type, data['percent']])).toEqual([
    ['job.progress', 30],
    ['job.completed', undefined],
  ]);
  expect(told[0]!.data).toMatchObject({ jobId, counts: { sent: 3, pending: 7 } });
});
