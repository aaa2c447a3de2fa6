import { randomUUID } from 'node:crypto';
import { fromCourierId } from '../../../src/domain/ids';
import { moveMessage } from '../../../src/ledger/moves';
import { auditJob } from '../../../src/audit/audit-job';
import { claimMessage, settleAttempt } from '../../../src/ledger/attempts';
import { openLedgerReader } from '../../../src/audit/snapshot';
import { createAuditStand, WEBHOOK_CHANNEL, type AuditStand } from './stand';

let stand: AuditStand;
beforeAll(async () => {
  stand = await createAuditStand();
});
afterAll(() => stand?.close());

/** A job at rest: one sent through the sandbox after a throttle, one through a webhook, one rejected, one cancelled. */
async function finishedJob(): Promise<{ jobId: string; ids: string[]; sink: Record<string, number> }> {
  const { jobId: given } = await stand.post('/bulk', {
    message: { content: { title: 'Hi', body: 'Hello' } },
  });
  const user = (id: string) => ({ to: { user_id: id, email: `${id}@example.test` } });
  await stand.post(`/bulk/${given}`, { users: ['ada', 'bo'].map(user) });
  await stand.post(`/bulk/${given}`, { users: ['cy', 'di', 'ada'].map(user) });
  await stand.post(`/bulk/${given}/run`);
  const jobId = fromCourierId(given) ?? '';
  const ids = await stand.messageIds(jobId);
  const [ada = '', bo = '', cy = '', di = ''] = ids;
  await stand.deliver(jobId, ada, { provider: 'sandbox', outcome: 'throttled' });
  await stand.deliver(jobId, ada, { provider: 'sandbox' });
  const key = await stand.deliver(jobId, bo, { provider: 'webhook' });
  await moveMessage(stand.database.db, cy, { to: 'rejected', reason: 'no_address' });
  await moveMessage(stand.database.db, di, { to: 'canceled', reason: 'canceled' });
  await stand.settle(jobId);
  return { jobId, ids, sink: { [key]: 1 } };
}

test('a job at rest passes every check, by its id in either form', async () => {
  const { jobId, sink } = await finishedJob();
  for (const form of [jobId, `1-${jobId.slice(0, 8)}-${jobId.slice(9).replaceAll('-', '')}`]) {
    const report = await stand.audit(form, { sink });
    expect(report.checks.filter((check) => !check.ok)).toEqual([]);
    expect(report).toMatchObject({ ok: true, jobId, kind: 'bulk', messages: 4 });
    expect(report.states).toEqual({ sent: 2, rejected: 1, canceled: 1 });
    expect(report.checks.filter((check) => check.checked === 0).map((check) => check.name)).toEqual([
      'no message with a call in doubt is said not to have arrived',
      'what was sent again in doubt is within the guarantee, and marked as a possible duplicate',
    ]);
  }
});

test('a job that is being filled, and one that is running, pass as well', async () => {
  const { jobId: given } = await stand.post('/bulk', {
    message: { content: { title: 'Hi', body: 'Hello' } },
  });
  await stand.post(`/bulk/${given}`, { users: [{ recipient: 'ada' }, { recipient: 'bo' }] });
  expect((await stand.audit(given)).checks.filter((check) => !check.ok)).toEqual([]);
  await stand.post(`/bulk/${given}/run`);
  const jobId = fromCourierId(given) ?? '';
  const [first = ''] = await stand.messageIds(jobId);
  await stand.deliver(jobId, first, { provider: 'sandbox' });
  expect((await stand.audit(given)).checks.filter((check) => !check.ok)).toEqual([]);
});

const SANDBOX =
  'delivery_id = (select id from deliveries where message_id = (select id from messages where job_id = $1 and ordinal = 0))';
const ada = '(select id from messages where job_id = $1 and ordinal = 0)';
const bo = '(select id from messages where job_id = $1 and ordinal = 1)';
const cy = '(select id from messages where job_id = $1 and ordinal = 2)';

test.each<[what: string, sql: string, check: string]>([
  ['a state row is gone', `delete from message_states where message_id = ${ada}`, 'exactly one state'],
  [
    'a state row is of another job',
    `update message_states set job_id = gen_random_uuid() where message_id = ${ada}`,
    'exactly one state',
  ],
  ['an ordinal is skipped', `update messages set ordinal = 9 where id = ${cy}`, 'without a gap'],
  ['the next ordinal is behind', 'update jobs set next_ordinal = 1 where id = $1', 'without a gap'],
  [
    'an ingestion says more than came',
    'update ingestions set total = total + 1 where job_id = $1',
    'ingestions add up',
  ],
  [
    'a counter is off in one slot and right in the sum',
    `update job_counts set n = n + case slot when 0 then 1 else -1 end
     where job_id = $1 and state = 'sent'`,
    'counters equal',
  ],
  [
    'a sent message was never enqueued',
    `update message_states set enqueued_at = null where message_id = ${ada}`,
    'counts in exactly one',
  ],
  [
    'a settled job has a message left',
    `update message_states set state = 'waiting' where message_id = ${ada}`,
    'the phase agrees',
  ],
  ['a state has no event', `delete from events where message_id = ${cy}`, 'the last event'],
  [
    'a reason differs',
    `update message_states set reason = 'no_channel' where message_id = ${cy}`,
    'the last event',
  ],
  [
    'a message came back from the end',
    `insert into events (message_id, workspace_id, type, data)
     select id, workspace_id, type, '{"reason": "no_address"}' from messages, unnest(array['sending', 'rejected']) type where id = ${cy}`,
    'the state table allows',
  ],
  [
    'a sent message has no acceptance',
    `update attempts set outcome = 'retryable' where message_id = ${ada} and outcome = 'accepted'`,
    'one delivery that was accepted',
  ],
  [
    'a second delivery was accepted as well',
    `with d as (insert into deliveries (id, message_id, workspace_id, route, channel_id, kind, provider)
       select gen_random_uuid(), message_id, workspace_id, 1, channel_id, kind, provider from deliveries where message_id = ${bo} returning id)
     insert into attempts (id, delivery_id, message_id, number, generation, owner, started_at, deadline_at, finished_at, outcome)
     select gen_random_uuid(), d.id, a.message_id, 2, 0, '', a.started_at, a.deadline_at, a.finished_at, 'accepted'
     from attempts a, d where a.message_id = ${bo}`,
    'one delivery that was accepted',
  ],
  [
    'an acceptance moved nothing',
    `update attempts set message_id = ${cy} where message_id = ${bo}`,
    'never forgotten',
  ],
  [
    'a delivery is gone and its calls are there',
    `delete from deliveries where message_id = ${bo}`,
    'belongs to a delivery',
  ],
  [
    'an attempt is missing',
    `delete from attempts where message_id = ${ada} and number = 1`,
    'numbered without a gap',
  ],
  [
    'an attempt is open in a settled job',
    `update attempts set outcome = null, finished_at = null where message_id = ${ada} and number = 1`,
    'has an outcome',
  ],
  [
    'an attempt began after the cancel',
    `update events set at = at - interval '1 hour' where type = 'sent' and message_id = ${bo}`,
    'after its message had ended',
  ],
  [
    'a message whose call is in doubt is said to be refused',
    `with doubt as (update attempts set outcome = 'ambiguous' where message_id = ${ada})
     update message_states set state = 'failed', reason = 'provider_refused' where message_id = ${ada}`,
    'said not to have arrived',
  ],
  [
    'a throttled message went on for ever',
    `insert into attempts (id, delivery_id, message_id, number, generation, owner, started_at, deadline_at, finished_at, outcome)
     select gen_random_uuid(), delivery_id, message_id, 10 + n, 0, '', started_at, deadline_at, finished_at, 'retryable'
     from attempts, generate_series(1, 12) n where message_id = ${bo}`,
    'answered attempts',
  ],
  [
    'a sandbox took a key twice',
    `update sandbox_deliveries set accepted_count = 2 where ${SANDBOX}`,
    'took each key once',
  ],
  ['a sandbox never got it', `delete from sandbox_deliveries where ${SANDBOX}`, 'what the sandboxes took'],
])('it tells when %s', async (_what, sql, check) => {
  const { jobId, sink } = await finishedJob();
  await stand.tamper(sql, [jobId]);
  const report = await stand.audit(jobId, { sink });
  expect(report.ok).toBe(false);
  const failed = report.checks.filter(({ ok }) => !ok).map(({ name }) => name);
  expect(failed.some((name) => name.includes(check))).toBe(true);
});

test('a receiver that lost one, got one twice, or got what the ledger does not know, is told', async () => {
  const { jobId, ids, sink } = await finishedJob();
  const failed = async (counts: Record<string, number>) =>
    (await stand.audit(jobId, { sink: counts })).checks.filter(({ ok }) => !ok).map(({ name }) => name);
  const [key = ''] = Object.keys(sink);
  expect(ids).toHaveLength(4);
  expect(await failed({})).toEqual([expect.stringContaining('has everything')]);
  expect(await failed({ [key]: 2 })).toEqual([expect.stringContaining('took each once')]);
  expect(await failed({ ...sink, [`${randomUUID()}-0`]: 1 })).toEqual([
    expect.stringContaining('does not know of'),
  ]);
});

test('a receiver that took a delivery under a key that no attempt has is told, and by a key of another form too', async () => {
  const { jobId, sink } = await finishedJob();
  const [key = ''] = Object.keys(sink);
  const generation = (n: number) => key.replace(/-0$/, `-${n}`);
  const failed = async (counts: Record<string, number>) =>
    (await stand.audit(jobId, { sink: counts })).checks.filter(({ ok }) => !ok);
  const twice = await failed({ [key]: 1, [generation(1)]: 1 });
  expect(twice.map(({ name }) => name)).toEqual([
    expect.stringContaining('took each once'),
    expect.stringContaining('does not know of'),
  ]);
  expect(twice[1]?.examples).toEqual([generation(1)]);
  // Taken once, but under a key that was never written down.
  expect((await failed({ [generation(1)]: 1 })).map(({ name }) => name)).toEqual([
    expect.stringContaining('does not know of'),
  ]);
  const [other] = await failed({ ...sink, 'ada@example.test': 1 });
  expect(other).toMatchObject({ wrong: 1, examples: ['a key of another form'] });
});

test("another job's keys at the same receiver are left alone", async () => {
  const [{ jobId, sink }, other] = [await finishedJob(), await finishedJob()];
  const report = await stand.audit(jobId, { sink: { ...sink, ...other.sink } });
  expect(report.checks.filter(({ ok }) => !ok)).toEqual([]);
});

/** A job of one that waits, with a call in doubt behind it. */
async function waitingJob(): Promise<{ jobId: string; messageId: string }> {
  const { jobId: given } = await stand.post('/bulk', {
    message: { content: { title: 'Hi', body: 'Hello' } },
  });
  await stand.post(`/bulk/${given}`, { users: [{ recipient: 'ada' }] });
  await stand.post(`/bulk/${given}/run`);
  const jobId = fromCourierId(given) ?? '';
  const [messageId = ''] = await stand.messageIds(jobId);
  await stand.deliver(jobId, messageId, { provider: 'webhook', outcome: 'ambiguous' });
  return { jobId, messageId };
}

/** A job of one, sent through the webhook: in doubt, then again under the same key. */
async function repeatedJob(dedupeWindowSeconds: number): Promise<{ jobId: string; key: string }> {
  const settings = JSON.stringify({ dedupeWindowSeconds });
  await stand.tamper('update channels set settings = $2 where id = $1', [WEBHOOK_CHANNEL, settings]);
  const { jobId, messageId } = await waitingJob();
  const key = await stand.deliver(jobId, messageId, { provider: 'webhook' });
  await stand.settle(jobId);
  return { jobId, key };
}

test('a call in doubt explains one acceptance more of its key, and no third', async () => {
  const { jobId, key } = await repeatedJob(86_400);
  expect((await stand.audit(jobId, { sink: { [key]: 2 } })).ok).toBe(true);
  expect((await stand.audit(jobId, { sink: { [key]: 3 } })).ok).toBe(false);
});

test('where nobody deduplicates, a call repeated in doubt has to be marked, and is none of at_most_once', async () => {
  const { jobId } = await repeatedJob(0);
  await stand.tamper(
    'update attempts set possible_duplicate = number > 1 where message_id in (select id from messages where job_id = $1)',
    [jobId],
  );
  expect((await stand.audit(jobId)).ok).toBe(true);
  const failed = async () =>
    (await stand.audit(jobId)).checks.filter(({ ok }) => !ok).map(({ name }) => name);
  await stand.tamper("update jobs set guarantee = 'at_most_once' where id = $1", [jobId]);
  expect(await failed()).toEqual([expect.stringContaining('sent again in doubt')]);
  await stand.tamper("update jobs set guarantee = 'at_least_once' where id = $1", [jobId]);
  await stand.tamper(
    'update attempts set possible_duplicate = false where message_id in (select id from messages where job_id = $1)',
    [jobId],
  );
  expect(await failed()).toEqual([expect.stringContaining('sent again in doubt')]);
});

test('an acceptance that comes late, of a message that waits, is sound', async () => {
  const { jobId } = await waitingJob();
  const [attempt] = await stand.database.db.query<{ id: string }>(
    `select a.id from attempts a join messages m on m.id = a.message_id where m.job_id = $1`,
    [jobId],
  );
  const attemptId = attempt?.id ?? '';
  await stand.tamper(`update attempts set outcome = 'lost' where id = $1`, [attemptId]);
  const accepted = { outcome: 'accepted', state: 'sent', refused: false } as const;
  await settleAttempt(stand.database.db, { jobId, attemptId, ...accepted });
  expect((await stand.audit(jobId)).checks.filter(({ ok }) => !ok)).toEqual([]);
});

test('a message that ends in doubt, where it would have been sent again, is sound', async () => {
  const { jobId, messageId } = await waitingJob();
  await stand.tamper("update jobs set guarantee = 'at_most_once' where id = $1", [jobId]);
  const claim = {
    ...{
      jobId,
      messageId,
      deliveryId: randomUUID(),
      attemptId: randomUUID(),
      route: 0,
      channelId: WEBHOOK_CHANNEL,
    },
    ...{ kind: 'webhook', provider: 'webhook', owner: 'test', timeoutMs: 1, marginMs: 0, dedupeWindowMs: 0 },
  };
  expect(await claimMessage(stand.database.db, claim)).toMatchObject({ uncertain: true });
  expect((await stand.audit(jobId)).checks.filter(({ ok }) => !ok)).toEqual([]);
});

test('where the attempts are spent each further route has one, and no second', async () => {
  const { jobId } = await waitingJob();
  const another = (number: number, newDelivery: boolean) =>
    stand.tamper(
      `with d as (insert into deliveries (id, message_id, workspace_id, route, channel_id, kind, provider)
         select gen_random_uuid(), message_id, workspace_id, 1, channel_id, kind, provider from deliveries
         where $3 and message_id in (select id from messages where job_id = $1) returning id)
       insert into attempts (id, delivery_id, message_id, number, generation, owner, started_at, deadline_at, finished_at, outcome)
       select gen_random_uuid(), coalesce((select id from d), a.delivery_id), a.message_id, $2, 0, '', now(), now(), now(), 'retryable'
       from attempts a where a.message_id in (select id from messages where job_id = $1) order by number desc limit 1`,
      [jobId, number, newDelivery],
    );
  const spent = async () =>
    (await stand.audit(jobId, { maxAttempts: 1 })).checks.find(({ name }) =>
      name.includes('answered attempts'),
    )?.ok;
  expect(await spent()).toBe(true);
  await another(2, true);
  expect(await spent()).toBe(true);
  await another(3, false);
  expect(await spent()).toBe(false);
});

test('it writes nothing, and says in one sentence what it cannot find or reach', async () => {
  const databaseUrl = stand.database.url;
  await expect(auditJob({ databaseUrl, jobId: randomUUID() })).rejects.toThrow(
    /^This ledger has no job .*\.$/,
  );
  await expect(auditJob({ databaseUrl, jobId: 'nonsense' })).rejects.toThrow(
    'This ledger has no job nonsense.',
  );
  const nowhere = 'postgres://u:secret@127.0.0.1:1/x';
  const refused = auditJob({ databaseUrl: nowhere, jobId: randomUUID() });
  await expect(refused).rejects.toThrow(/^The ledger cannot be reached(?!.*secret).*\.$/);
  const reader = await openLedgerReader(databaseUrl);
  const write = 'update jobs set version = 0';
  await expect(reader.now(write, [])).rejects.toThrow('read-only');
  await expect(reader.snapshot(write, [])).rejects.toThrow('read-only');
  await reader.close();
});
