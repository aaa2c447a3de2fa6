import Courier, { ConflictError } from '@trycourier/courier';
import { decide } from '../../../src/domain/gates';
import { fromCourierId, toCourierId } from '../../../src/domain/ids';
import { loadDelivery } from '../../../src/ledger/delivery-context';
import { readGateFacts } from '../../../src/ledger/gate-facts';
import { type Stand } from '../framework/setup';
import { attempt, idsOf } from './ledger-moves';
import { createCourierStand, createJob } from './setup';

let stand: Stand;
beforeAll(async () => {
  stand = await createCourierStand();
});
afterAll(() => stand.close());

async function runningJob(count: number): Promise<{ jobId: string; ids: string[]; paths: string[] }> {
  const users = Array.from({ length: count }, (_, n) => `u-${n}`);
  const jobId = await createJob(stand, users);
  await stand.call('POST', `/bulk/${jobId}/run`);
  const ids = await idsOf(stand.database.db, jobId);
  return { jobId, ids, paths: ids.map((id) => `/messages/${toCourierId(id)}`) };
}
const job = async (jobId: string) => (await stand.call('GET', `/bulk/${jobId}`)).json.job;

test('a message that no attempt was begun for is cancelled at once, and its job is told to look', async () => {
  const { jobId, paths, ids } = await runningJob(2);
  const { status, json } = await stand.call('POST', `${paths[0]}/cancel`);
  expect(status).toBe(200);
  expect(json).toMatchObject({
    id: toCourierId(ids[0] ?? ''),
    status: 'CANCELED',
    jobId,
    canceledAt: expect.any(Number),
  });
  expect(await job(jobId)).toMatchObject({ failures: 1, counts: { canceled: 1, pending: 1 } });
  const [outbox] = await stand.database.db.query<{ version: number }>(
    'select o.version from outbox o join jobs j on j.id = o.job_id and j.version = o.version where j.id = (select job_id from messages where id = $1)',
    [ids[0]],
  );
  expect(outbox?.version).toBeGreaterThan(3);
  await expect(attempt(stand.database.db, ids[0] ?? '')).rejects.toThrow('settled');
  expect((await stand.call('POST', `${paths[0]}/cancel`)).status).toBe(200);
});

test('one whose call is in doubt ends there as a failure that may have arrived, is 409, and its job is told to look', async () => {
  const { ids, paths } = await runningJob(1);
  const doubt = { outcome: 'ambiguous', state: 'waiting', waitReason: 'backoff', waitMs: 3_600_000 } as const;
  await attempt(stand.database.db, ids[0] ?? '', doubt);
  const versions = () =>
    stand.database.db.query<{ version: number; wanted: number | null }>(
      'select j.version, (select o.version from outbox o where o.job_id = j.id) as wanted from jobs j where j.id = (select job_id from messages where id = $1)',
      [ids[0]],
    );
  const [before] = await versions();
  const late = await stand.call('POST', `${paths[0]}/cancel`);
  expect([late.status, late.json.status, late.headers.get('x-should-retry')]).toEqual([
    409,
    'UNDELIVERABLE',
    'false',
  ]);
  const [after] = await versions();
  expect(after?.version).toBe((before?.version ?? 0) + 1);
  expect(after?.wanted).toBe(after?.version);
});

test('too late is 409 with the record, changes nothing, and the SDK asks once', async () => {
  const { ids, paths } = await runningJob(2);
  await attempt(stand.database.db, ids[0] ?? '');
  const late = await stand.call('POST', `${paths[0]}/cancel`);
  expect([late.status, late.json.status, late.headers.get('x-should-retry')]).toEqual([409, 'SENT', 'false']);
  const courier = new Courier({ apiKey: stand.key, baseURL: stand.url });
  const refused: unknown = await courier.messages
    .cancel(toCourierId(ids[0] ?? ''))
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ConflictError);
  expect(refused).toMatchObject({ error: { id: toCourierId(ids[0] ?? ''), status: 'SENT' } });

  await attempt(stand.database.db, ids[1] ?? '', 'open');
  const open = await stand.call('POST', `${paths[1]}/cancel`);
  expect([open.status, open.json.status, open.headers.get('x-should-retry')]).toEqual([409, 'ROUTED', null]);
  expect(open.json).not.toHaveProperty('canceledAt');
});

test('a message of an open job, of a stranger or of nobody is 404 to every command', async () => {
  const open = await createJob(stand, ['a']);
  const [id] = await idsOf(stand.database.db, open);
  for (const path of [`/messages/${toCourierId(id ?? '')}`, '/messages/x', `/messages/${open}`]) {
    expect((await stand.call('POST', `${path}/cancel`)).status).toBe(404);
    expect((await stand.call('POST', `${path}/resend`)).status).toBe(404);
    expect((await stand.call('GET', `${path}/output`)).status).toBe(404);
  }
});

test('statistics count how many ever got there, each message once, whatever came after', async () => {
  const { jobId, ids } = await runningJob(5);
  const { db } = stand.database;
  const move = (id: string | undefined, state: string, reason: string | null) =>
    db.query('update message_states set state = $2, reason = $3 where message_id = $1', [id, state, reason]);
  await attempt(db, ids[0] ?? '', { settled: 'delivered' });
  await attempt(db, ids[1] ?? '', { settled: 'bounced' });
  await attempt(db, ids[2] ?? '', { outcome: 'permanent', state: 'failed', reason: 'provider_refused' });
  await attempt(db, ids[3] ?? '');
  await move(ids[2], 'sent', null);
  await move(ids[2], 'undelivered', 'bounced');
  await move(ids[2], 'delivered', null);
  await db.query('update message_states set reached = reached | 24 where message_id = $1', [ids[0]]);
  await db.query('update message_states set reached = 0 where message_id = $1', [ids[0]]);
  expect((await job(jobId)).statistics).toEqual({
    sent: 4,
    delivered: 2,
    opened: 1,
    clicked: 1,
    undeliverable: 2,
  });
});

test('a settled message is sent again as a new one in a linked job; one on its way is not', async () => {
  const { jobId, ids, paths } = await runningJob(1);
  expect((await stand.call('POST', `${paths[0]}/resend`)).status).toBe(400);
  await attempt(stand.database.db, ids[0] ?? '', { settled: 'bounced' });
  const { status, json } = await stand.call('POST', `${paths[0]}/resend`);
  expect([status, Object.keys(json)]).toEqual([202, ['messageId']]);
  const again = await stand.call('GET', `/messages/${json.messageId}`);
  expect(again.json).toMatchObject({
    status: 'ENQUEUED',
    recipient: 'u-0',
    event: 'welcome',
    resentFrom: jobId,
  });
  expect((await stand.call('GET', paths[0] ?? '')).json.status).toBe('UNDELIVERABLE');
});

test('a message sent again goes now, although the first one was to go later, or not any more', async () => {
  const { db } = stand.database;
  const message = {
    to: { user_id: 'late', email: 'late@x.example' },
    content: { title: 't', body: 'b' },
    preferences: { subscription_topic_id: 'news' },
    delay: { duration: 86_400_000, until: new Date(Date.now() + 7_200_000).toISOString() },
    expiry: { expires_at: Date.now() + 60_000, expires_in: 'P1D' },
  };
  const { json } = await stand.call('POST', '/send', { body: { message } });
  await stand.call('POST', `/messages/${json.requestId}/cancel`);
  const again = await stand.call('POST', `/messages/${json.requestId}/resend`);
  const gatesIn = async (id: string, afterMs: number) => {
    const messageId = fromCourierId(id) ?? '';
    const delivery = await loadDelivery(db, messageId);
    if (!delivery) throw new Error('no such message');
    const routes = [{ kind: 'email', channelId: stand.workspaceId, address: message.to.email } as const];
    const { facts } = await readGateFacts(db, { messageId, message: delivery, routes, first: 0 });
    return {
      gates: delivery.jobSpec.gates,
      decision: decide({ ...facts, canceled: false, nowMs: facts.nowMs + afterMs }),
    };
  };
  expect((await gatesIn(json.requestId, 0)).decision).toMatchObject({ type: 'wait' });
  expect((await gatesIn(json.requestId, 120_000)).decision).toMatchObject({ reason: 'expired' });
  const { gates, decision } = await gatesIn(again.json.messageId, 120_000);
  expect(decision).toMatchObject({ type: 'go' });
  expect(gates).toEqual({ topicId: 'news', validForMs: 86_400_000 });
});

test('a message sent again keeps the hours in which people may be written to', async () => {
  const delay = { until: 'Mo-Fr 08:00-18:00', timezone: 'Europe/Amsterdam' };
  const message = { to: { user_id: 'office' }, content: { body: 'b' }, delay };
  const { json } = await stand.call('POST', '/send', { body: { message } });
  await stand.call('POST', `/messages/${json.requestId}/cancel`);
  const again = await stand.call('POST', `/messages/${json.requestId}/resend`);
  const spec = async (id: string) =>
    (await loadDelivery(stand.database.db, fromCourierId(id) ?? ''))?.jobSpec;
  expect((await spec(again.json.messageId))?.gates?.delay).toMatchObject({ hours: expect.any(String) });
  expect(await spec(again.json.messageId)).toEqual(await spec(json.requestId));
});

test('a resend repeated with its Idempotency-Key is one message', async () => {
  const { ids, paths } = await runningJob(1);
  await attempt(stand.database.db, ids[0] ?? '');
  const send = () => stand.call('POST', `${paths[0]}/resend`, { headers: { 'Idempotency-Key': 'again-1' } });
  expect((await send()).json).toEqual((await send()).json);
});

test('an archived request leaves the listings, stays readable, and is found again with archived=true', async () => {
  const { jobId, ids, paths } = await runningJob(1);
  const listed = async (more = '') =>
    (await stand.call('GET', `/messages?traceId=${jobId}${more}`)).json.results.length;
  expect(await listed()).toBe(1);
  const archived = await stand.call('PUT', `/requests/${jobId}/archive`);
  expect([archived.status, archived.text]).toEqual([202, '']);
  for (const flag of ['true', 'True', '1']) expect(await listed(`&archived=${flag}`)).toBe(1);
  for (const flag of ['false', 'False', '0']) expect(await listed(`&archived=${flag}`)).toBe(0);
  expect(await listed()).toBe(0);
  expect((await stand.call('GET', paths[0] ?? '')).status).toBe(200);
  expect((await stand.call('PUT', `/requests/${toCourierId(ids[0] ?? '')}/archive`)).status).toBe(202);
  expect((await stand.call('PUT', '/requests/nothing/archive')).status).toBe(404);
});
