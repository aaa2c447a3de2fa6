import { Webhook } from 'standardwebhooks';
import { DISABLE_AFTER_MS, RETRY_WAITS_MS } from '../../src/domain/webhooks';
import { replayFrom } from '../../src/ledger/webhook-wakes';
import { updateEndpoint } from '../../src/ledger/webhook-endpoints';
import { workflowIds } from '../../workflows/contract';
import { startHttpSink, type HttpSink, type SinkRequest } from '../support/sinks/http-sink';
import { DAY, HOUR, MINUTE, SECOND, WORKSPACE } from './stage';
import { STANDARD_SECRET, startWebhookStage, type WebhookStage } from './webhook-stage';

let stage: WebhookStage;
let receiver: HttpSink;

beforeAll(async () => {
  [stage, receiver] = await Promise.all([startWebhookStage(), startHttpSink()]);
}, 60_000);
afterAll(async () => {
  await stage?.close();
  await receiver?.close();
});
afterEach(async () => {
  // Every test has a world without the endpoints of the others.
  await stage.db.query(`update webhook_endpoints set deleted_at = ledger_now() where deleted_at is null`);
  receiver.reset();
});

interface Told {
  readonly type: string;
  readonly timestamp: string;
  readonly data: Record<string, unknown>;
}
const told = ({ json }: SinkRequest): Told => json as Told;
const typesOf = (requests: readonly SinkRequest[], messageId?: string) =>
  requests
    .map(told)
    .filter(({ data }) => messageId === undefined || data['messageId'] === messageId)
    .map(({ type }) => type);
const idOf = ({ headers }: SinkRequest): string => headers['webhook-id'] ?? '';

async function sendBatch(people: readonly string[] = ['u0']): Promise<readonly string[]> {
  const { batchId, messageIds } = await stage.batch(people);
  await stage.finish('batch', batchId);
  return messageIds;
}

/** Calls of the receiver, by the server's clock in ms, relative to the first. */
async function recordTimes(answer: { status: number; headers?: Record<string, string> }): Promise<number[]> {
  const times: number[] = [];
  receiver.answer(async () => {
    times.push(await stage.nowMs());
    return answer;
  });
  return times;
}

test('a batch tells its whole life in order, each event signed and verified by the library', async () => {
  const id = await stage.addEndpoint(receiver.url);
  const messageIds = await sendBatch(['u0', 'u1']);
  await stage.drained(id);
  for (const messageId of messageIds) {
    expect(typesOf(receiver.requests, messageId)).toEqual([
      'message.accepted',
      'message.sending',
      'message.sent',
    ]);
  }
  const all = typesOf(receiver.requests);
  expect(all.slice(0, 2)).toEqual(['job.created', 'job.started']);
  expect(all.at(-1)).toBe('job.completed');
  expect(told(receiver.requests.at(-1)!).data['counts']).toMatchObject({ sent: 2 });
  for (const { body, headers } of receiver.requests)
    expect(() => new Webhook(STANDARD_SECRET).verify(body, headers)).not.toThrow();
});

test('a bulk job tells that it was created, started, paused with the reason, resumed and cancelled', async () => {
  const id = await stage.addEndpoint(receiver.url, {
    types: ['job.created', 'job.started', 'job.paused', 'job.resumed', 'job.canceled', 'job.completed'],
  });
  const jobId = await stage.fill([{ id: 'later', notBeforeMs: (await stage.nowMs()) + DAY }]);
  for (const command of ['run', 'pause', 'resume', 'cancel'] as const) await stage.command(jobId, command);
  await stage.finish('bulk', jobId);
  await stage.drained(id);
  expect(typesOf(receiver.requests)).toEqual([
    ...['job.created', 'job.started', 'job.paused', 'job.resumed', 'job.canceled', 'job.completed'],
  ]);
  expect(told(receiver.requests[2]!).data).toMatchObject({ jobId, jobKind: 'bulk', reason: 'requested' });
  expect(told(receiver.requests[5]!).data).toMatchObject({ canceled: true, counts: { canceled: 1 } });
});

test('only the types that were asked for are told', async () => {
  const id = await stage.addEndpoint(receiver.url, { types: ['message.sent'] });
  await sendBatch();
  await stage.drained(id);
  expect(typesOf(receiver.requests)).toEqual(['message.sent']);
});

test('a dead endpoint is tried by the published schedule and disabled after five days; the others are told', async () => {
  const other = await startHttpSink();
  try {
    const dead = await stage.addEndpoint(receiver.url, { types: ['message.sent', 'message.failed'] });
    const well = await stage.addEndpoint(other.url, { types: ['endpoint.disabled'] });
    const times = await recordTimes({ status: 500 });
    await sendBatch();
    await stage.wake();
    await receiver.waitFor(1);
    await stage.sleep(3 * DAY);
    expect((await stage.endpoint(dead)).status).toBe('active');
    await stage.sleep(3 * DAY);
    await stage.until('disabled', async () => (await stage.endpoint(dead)).status === 'disabled');
    const gaps = times.slice(1).map((at, index) => at - times[index]!);
    const published = [...RETRY_WAITS_MS];
    for (const [index, gap] of gaps.slice(0, -1).entries()) {
      const expected = published[Math.min(index, published.length - 1)]!;
      expect(gap).toBeGreaterThanOrEqual(expected);
      expect(gap).toBeLessThan(expected + 30 * SECOND);
    }
    // The five days are the ledger's, whose clock runs a little ahead of the server's.
    const lastMs = times.at(-1)! - times[0]!;
    expect(lastMs).toBeGreaterThanOrEqual(DISABLE_AFTER_MS - MINUTE);
    expect(lastMs).toBeLessThan(DISABLE_AFTER_MS + MINUTE);
    expect(new Set(receiver.requests.map(idOf)).size).toBe(1);
    expect(await stage.endpoint(dead)).toMatchObject({
      disabledReason: 'failing',
      lastFailure: 'answered 500',
    });
    await stage.drained(well);
    expect(other.requests.map(told)).toMatchObject([
      { type: 'endpoint.disabled', data: { endpointId: dead, reason: 'failing' } },
    ]);
    const ended = await stage.result(stage.client.workflow.getHandle(workflowIds.webhook(dead)));
    expect(ended).toEqual({ ended: 'disabled' });
  } finally {
    await other.close();
  }
});

test('an endpoint that comes back after three days gets everything, once each, in order', async () => {
  const id = await stage.addEndpoint(receiver.url, { types: ['message.sending', 'message.sent'] });
  receiver.answer({ status: 503 });
  const first = await sendBatch(['u0']);
  await stage.wake();
  await receiver.waitFor(1);
  await stage.sleep(3 * DAY);
  const second = await sendBatch(['u1']);
  const refused = receiver.requests.length;
  receiver.answer({ status: 200 });
  await stage.sleep(DAY);
  await stage.drained(id);
  const taken = receiver.requests.slice(refused);
  expect(taken.map((request) => [told(request).type, told(request).data['messageId']])).toEqual([
    ['message.sending', first[0]],
    ['message.sent', first[0]],
    ['message.sending', second[0]],
    ['message.sent', second[0]],
  ]);
  expect(await stage.endpoint(id)).toMatchObject({ failures: 0, failingSince: null });
});

test('410 disables at once', async () => {
  const id = await stage.addEndpoint(receiver.url);
  receiver.answer({ status: 410 });
  await sendBatch();
  await stage.wake();
  await stage.until('disabled', async () => (await stage.endpoint(id)).status === 'disabled');
  expect(receiver.requests).toHaveLength(1);
  expect(await stage.endpoint(id)).toMatchObject({ disabledReason: 'gone' });
});

test('429 waits as long as Retry-After says, and no step of the schedule is taken', async () => {
  const id = await stage.addEndpoint(receiver.url, { types: ['message.sent'] });
  const times = await recordTimes({ status: 429, headers: { 'retry-after': '120' } });
  await sendBatch();
  await stage.wake();
  await receiver.waitFor(1);
  await stage.sleep(7 * MINUTE);
  await stage.until('four calls', () => times.length >= 4);
  const gaps = times.slice(1).map((at, index) => at - times[index]!);
  for (const gap of gaps.slice(0, 3)) {
    expect(gap).toBeGreaterThanOrEqual(120 * SECOND);
    expect(gap).toBeLessThan(150 * SECOND);
  }
  expect((await stage.endpoint(id)).failures).toBe(0);
});

test('a redirect is a failure and is not followed', async () => {
  const elsewhere = await startHttpSink();
  try {
    const id = await stage.addEndpoint(receiver.url);
    receiver.answer({ status: 302, headers: { location: elsewhere.url } });
    await sendBatch();
    await stage.wake();
    await stage.until('failed', async () => (await stage.endpoint(id)).failures > 0);
    expect(elsewhere.requests).toHaveLength(0);
    expect((await stage.endpoint(id)).lastFailure).toContain('redirects are not followed');
  } finally {
    await elsewhere.close();
  }
});

test('an address that is not public is refused at the call, and the endpoint fails', async () => {
  const id = await stage.addEndpoint('http://169.254.169.254/latest');
  await sendBatch();
  await stage.wake();
  await stage.until('failed', async () => (await stage.endpoint(id)).failures > 0);
  expect((await stage.endpoint(id)).lastFailure).toContain('VOLLEY_EGRESS_ALLOW');
});

test('a slow endpoint delays no other', async () => {
  const slow = await startHttpSink({ answer: { then: 'hang' } });
  try {
    const waiting = await stage.addEndpoint(slow.url);
    const quick = await stage.addEndpoint(receiver.url);
    await sendBatch(['u0', 'u1', 'u2']);
    await stage.wake();
    await slow.waitFor(1);
    await stage.drained(quick);
    expect(typesOf(receiver.requests).at(-1)).toBe('job.completed');
    // Its first call is still open.
    expect(slow.requests).toHaveLength(1);
    expect((await stage.endpoint(waiting)).failures).toBe(0);
  } finally {
    await slow.close();
  }
});

test('its owner need not wait for the backoff: a change is tried at once', async () => {
  const id = await stage.addEndpoint(`${receiver.url}/wrong`, { types: ['message.sent'] });
  receiver.answer(({ path }) => ({ status: path === '/right' ? 200 : 404 }));
  await sendBatch();
  await stage.wake();
  await stage.until('failed', async () => (await stage.endpoint(id)).failures > 0);
  await stage.sleep(2 * HOUR);
  const before = await stage.nowMs();
  await stage.db.transaction((tx) =>
    updateEndpoint(tx, { workspaceId: WORKSPACE, endpointId: id }, { url: `${receiver.url}/right` }),
  );
  await stage.drained(id);
  expect(receiver.requests.at(-1)?.path).toBe('/right');
  expect((await stage.nowMs()) - before).toBeLessThan(MINUTE);
});

test('a version that never was does not deafen an endpoint to its owner', async () => {
  const id = await stage.addEndpoint(`${receiver.url}/wrong`, { types: ['message.sent'] });
  receiver.answer(({ path }) => ({ status: path === '/right' ? 200 : 404 }));
  await sendBatch();
  await stage.wake();
  // From here on minutes lie between the tries: none of them passes for a look at a signal.
  await stage.until('failed twice', async () => (await stage.endpoint(id)).failures === 2);
  const handle = stage.client.workflow.getHandle(workflowIds.webhook(id));
  for (const signal of [{ v: 1, version: 1_000_000 }, undefined, { version: 'latest' }]) {
    const { failures } = await stage.endpoint(id);
    await handle.signal('changed', signal);
    await stage.until('it looked', async () => (await stage.endpoint(id)).failures > failures);
  }
  // Half of its backoff: the next try does not come by itself.
  await stage.sleep(HOUR);
  const before = await stage.nowMs();
  await stage.db.transaction((tx) =>
    updateEndpoint(tx, { workspaceId: WORKSPACE, endpointId: id }, { url: `${receiver.url}/right` }),
  );
  await stage.drained(id);
  expect((await stage.nowMs()) - before).toBeLessThan(MINUTE);
});

test('while a secret is rotated both sign, and the old one ends with its day', async () => {
  const old = `whsec_${Buffer.alloc(32, 'older').toString('base64')}`;
  const gone = `whsec_${Buffer.alloc(32, 'gone!').toString('base64')}`;
  const id = await stage.addEndpoint(receiver.url, {
    types: ['message.sent'],
    secrets: [
      { secret: STANDARD_SECRET },
      { secret: old, until: Date.now() + HOUR },
      { secret: gone, until: Date.now() - 1 },
    ],
  });
  await sendBatch();
  await stage.drained(id);
  const { body, headers } = receiver.requests[0]!;
  for (const secret of [STANDARD_SECRET, old])
    expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
  expect(() => new Webhook(gone).verify(body, headers)).toThrow();
});

test('a replay tells everything from then on again, with the same ids, and what is new after it', async () => {
  const id = await stage.addEndpoint(receiver.url, { types: ['message.sent'] });
  const [early] = await sendBatch(['u0']);
  await stage.drained(id);
  await stage.sleep(HOUR);
  const since = new Date(await stage.nowMs());
  await stage.sleep(MINUTE);
  const [late] = await sendBatch(['u1']);
  await stage.drained(id);
  const firstIds = receiver.requests.map(idOf);
  await stage.db.transaction((tx) => replayFrom(tx, { workspaceId: WORKSPACE, endpointId: id }, since));
  const [newest] = await sendBatch(['u2']);
  await stage.drained(id);
  expect(receiver.requests.map((request) => told(request).data['messageId'])).toEqual([
    early,
    late,
    late,
    newest,
  ]);
  expect(idOf(receiver.requests[2]!)).toBe(firstIds[1]);
});

test('a replay from failingSince tells everything that was not taken, the first of it too', async () => {
  await sendBatch(['u0']);
  await stage.sleep(MINUTE);
  const id = await stage.addEndpoint(receiver.url, { types: ['message.sent'] });
  const ref = { workspaceId: WORKSPACE, endpointId: id };
  // Nobody drains, as where there is a long queue: what fails first has been waiting for an hour. Its workflow has not begun, as at
  // a batch's end the server may leap to the next timer there is: an idle one's renewal, which drains.
  await stage.db.query(`update webhook_endpoints set quiet_until = 'infinity' where id = $1`, [id]);
  const missed = [...(await sendBatch(['u1'])), ...(await sendBatch(['u2']))];
  await stage.sleep(HOUR);
  receiver.reset();
  receiver.answer({ status: 410 });
  await stage.db.query(`update webhook_endpoints set quiet_until = '-infinity' where id = $1`, [id]);
  await stage.wake();
  await stage.until('disabled', async () => (await stage.endpoint(id)).status === 'disabled');
  const { failingSince } = await stage.endpoint(id);
  receiver.reset();
  await stage.db.transaction((tx) => replayFrom(tx, ref, failingSince!));
  await stage.drained(id);
  expect(receiver.requests.map((request) => told(request).data['messageId'])).toEqual(missed);
});
