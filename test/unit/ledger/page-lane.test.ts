import { v7 as uuidv7 } from 'uuid';
import { claimPage, settlePage, type GroupAnswer, type GroupClaim } from '../../../src/ledger/page-claims';
import {
  beginPage,
  endPage,
  nextPageWakeUpMs,
  pageMessages,
  planPageShards,
  type PageClaim,
} from '../../../src/ledger/page-shards';
import { type Settlement } from '../../../src/ledger/attempts';
import { wordsOf } from '../../../src/ledger/outputs';
import { raiseFacts } from '../../../src/ledger/suppressions';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { insertJobWith } from './world';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

interface World {
  readonly jobId: string;
  readonly messageIds: string[];
  readonly workspaceId: string;
}

async function world(n: number): Promise<World> {
  const { jobId, messageIds } = await insertJobWith(database.db, n);
  const [row] = await database.db.query<{ workspace_id: string }>(
    'select workspace_id from jobs where id = $1',
    [jobId],
  );
  return { jobId, messageIds, workspaceId: row?.workspace_id ?? '' };
}

const plan = (jobId: string, generation: number, shardSize = 100, maxShards = 1) =>
  database.db.transaction((tx) => planPageShards(tx, { jobId, generation, maxShards, shardSize }));

async function take(jobId: string, generation = 1, n = 0): Promise<PageClaim> {
  const claim = await beginPage(database.db, { jobId, generation, n });
  if (claim === undefined) throw new Error('the shard has ended');
  return { jobId, generation, n, claim };
}

const claimOf = (messageId: string, channelId: string, facts: readonly string[] = []): GroupClaim => ({
  ...{ messageId, channelId, deliveryId: uuidv7(), attemptId: uuidv7(), route: 0, timeoutMs: 1_000 },
  ...{ kind: 'webhook', provider: 'test', seal: { facts, version: 0, dropped: [] } },
  words: wordsOf({ title: 'Hello', text: 'words' } as never),
});

const claim = (page: PageClaim, group: readonly GroupClaim[]) =>
  claimPage(database.db, page, group, { owner: 'test', marginMs: 1_000 });

async function begun(page: PageClaim, messageIds: readonly string[]): Promise<GroupClaim[]> {
  const group = messageIds.map((id) => claimOf(id, uuidv7()));
  const answer = await claim(page, group);
  expect(answer).toMatchObject({ notBegun: new Map() });
  expect(answer).toHaveProperty('begun.size', group.length);
  return group;
}

/** What became of each of a group, where nothing refuses them all. */
async function answersTo(page: PageClaim, group: readonly GroupClaim[]): Promise<GroupAnswer> {
  const answer = await claim(page, group);
  if (answer.refused) throw new Error(answer.refused);
  return answer;
}

/** A job of one message, whose first attempt was begun. */
async function oneBegun(): Promise<World & { page: PageClaim; one: GroupClaim }> {
  const job = await world(1);
  await plan(job.jobId, 1);
  const page = await take(job.jobId);
  const [one] = await begun(page, job.messageIds);
  if (!one) throw new Error('one was begun');
  return { ...job, page, one };
}

const outcomeOf = (
  { attemptId }: { attemptId: string },
  settlement: Omit<Settlement, 'jobId' | 'attemptId'>,
): Settlement => ({ jobId: '', attemptId, ...settlement });

const accepted = (attempt: { attemptId: string }, vendorId?: string): Settlement =>
  outcomeOf(attempt, {
    ...{ outcome: 'accepted', state: 'sent', refused: false },
    ...(vendorId === undefined ? {} : { vendorId }),
  });

/** Refused, and to be tried again at once. */
const again = (attempt: { attemptId: string }): Settlement =>
  outcomeOf(attempt, {
    ...{ outcome: 'retryable', code: 'http_503', state: 'waiting', waitReason: 'backoff', waitMs: 0 },
    ...{ holdMs: 60_000, refused: false },
  });

async function cancelJob(jobId: string): Promise<void> {
  await database.db.query('update jobs set cancel_requested = true where id = $1', [jobId]);
}

const LIMIT = { messages: 100, bytes: 1_000_000 };

const statesOf = async (jobId: string): Promise<string[]> =>
  (
    await database.db.query<{ state: string }>(
      'select state from message_states where job_id = $1 order by ordinal',
      [jobId],
    )
  ).map((row) => row.state);

async function countsOf(jobId: string): Promise<Record<string, number>> {
  const rows = await database.db.query<{ state: string; n: number }>(
    'select state, sum(n)::int as n from job_counts where job_id = $1 group by 1 having sum(n) <> 0',
    [jobId],
  );
  return Object.fromEntries(rows.map((row) => [row.state, row.n]));
}

async function channel(workspaceId: string, ratePerSecond: number | null): Promise<string> {
  const id = uuidv7();
  await database.db.query(
    `insert into channels (id, workspace_id, kind, provider, name, rate_per_second) values ($1, $2, 'webhook', 'test', 'c', $3)`,
    [id, workspaceId, ratePerSecond],
  );
  return id;
}

test('a plan touches no message, and what an open shard has is in no other', async () => {
  const { jobId, messageIds } = await world(10);
  expect(await plan(jobId, 1, 4, 2)).toEqual([
    { n: 0, first: 0, last: 1, size: 2 },
    { n: 1, first: 2, last: 4, size: 3 },
    { n: 2, first: 5, last: 8, size: 4 },
  ]);
  expect(await plan(jobId, 2, 100, 1)).toEqual([{ n: 0, first: 9, last: 9, size: 1 }]);
  expect(await plan(jobId, 3, 100, 1)).toEqual([]);
  const page = await take(jobId, 1, 1);
  const { messages: rows } = await pageMessages(database.db, page, -1, LIMIT);
  expect(rows.map((row) => row.messageId)).toEqual(messageIds.slice(2, 5));
  const held = await database.db.query(
    'select 1 from message_states where job_id = $1 and (held_until is not null or plan is not null)',
    [jobId],
  );
  expect(held).toEqual([]);
});

test('the same plan asked for again is the same', async () => {
  const { jobId } = await world(10);
  const first = await plan(jobId, 1, 4, 2);
  expect(await plan(jobId, 1, 4, 2)).toEqual(first);
});

test('what a shard did not begin is planned again once it has ended', async () => {
  const { jobId, messageIds } = await world(4);
  await plan(jobId, 1);
  const page = await take(jobId);
  await begun(page, messageIds.slice(0, 1));
  await database.db.transaction((tx) => endPage(tx, page));
  expect(await plan(jobId, 2)).toEqual([{ n: 0, first: 1, last: 3, size: 3 }]);
});

test('a group is begun in one transaction, each with its delivery, attempt, event and count', async () => {
  const { jobId, messageIds } = await world(20);
  await plan(jobId, 1);
  await begun(await take(jobId), messageIds);
  expect(new Set(await statesOf(jobId))).toEqual(new Set(['sending']));
  expect(await countsOf(jobId)).toMatchObject({ sending: 20, enqueued: 20 });
  const [sums] = await database.db.query(
    `select count(distinct d.id)::int as deliveries, count(distinct a.id)::int as attempts, count(distinct e.id)::int as events
     from deliveries d join attempts a on a.delivery_id = d.id join events e on e.message_id = d.message_id and e.type = 'sending'
     where d.message_id = any($1)`,
    [messageIds],
  );
  expect(sums).toEqual({ deliveries: 20, attempts: 20, events: 20 });
});

test('a shard that was taken over begins nothing more under its old number', async () => {
  const { jobId, messageIds } = await world(4);
  await plan(jobId, 1);
  const zombie = await take(jobId);
  const heir = await take(jobId);
  const group = [claimOf(messageIds[0] ?? '', uuidv7())];
  expect(await claim(zombie, group)).toMatchObject({ refused: 'fenced' });
  expect(await statesOf(jobId)).toEqual(Array(4).fill('pending'));
  await begun(heir, messageIds.slice(0, 1));
});

test('a take-over finds what the one before left in a call, and its facts are still taken', async () => {
  const { jobId, messageIds } = await world(3);
  await plan(jobId, 1);
  const zombie = await take(jobId);
  const [left] = await begun(zombie, messageIds.slice(0, 1));
  const heir = await take(jobId);
  const { messages: found } = await pageMessages(database.db, heir, -1, LIMIT);
  expect(found.map(({ messageId, fresh }) => [messageId, fresh !== undefined])).toEqual([
    [messageIds[0], false],
    [messageIds[1], true],
    [messageIds[2], true],
  ]);
  const written = await settlePage(database.db, [accepted({ attemptId: left?.attemptId ?? '' })]);
  expect(written.size).toBe(1);
  expect((await statesOf(jobId))[0]).toBe('sent');
});

test('accepted calls are settled together, with their vendor ids, once', async () => {
  const { jobId, messageIds } = await world(20);
  await plan(jobId, 1);
  const group = await begun(await take(jobId), messageIds);
  const outcomes = group.map((one, i) => accepted(one, `v${i}`));
  expect((await settlePage(database.db, outcomes)).size).toBe(20);
  expect((await settlePage(database.db, outcomes)).size).toBe(0);
  expect(await countsOf(jobId)).toEqual({ sent: 20, enqueued: 20, ever_sent: 20 });
  const ids = await database.db.query<{ vendor_id: string }>(
    `select v.vendor_id from vendor_ids v join attempts a using (delivery_id, vendor_id) where a.message_id = any($1)`,
    [messageIds],
  );
  expect(new Set(ids.map((row) => row.vendor_id)).size).toBe(20);
});

test.each([
  ['paused = true', 'paused'],
  ['cancel_requested = true', 'canceled'],
  [`phase = 'settled'`, 'not_running'],
])('with %s nothing of a group begins', async (change, refusal) => {
  const { jobId, messageIds } = await world(2);
  await plan(jobId, 1);
  const page = await take(jobId);
  await database.db.query(`update jobs set ${change} where id = $1`, [jobId]);
  const answer = await claim(
    page,
    messageIds.map((id) => claimOf(id, uuidv7())),
  );
  expect(answer).toMatchObject({ refused: refusal });
  expect(await statesOf(jobId)).toEqual(['pending', 'pending']);
});

test('one that may not be sent is left out of its group by itself', async () => {
  const { jobId, messageIds } = await world(5);
  await plan(jobId, 1);
  const page = await take(jobId);
  const [a = '', b = '', c = '', d = '', e = ''] = messageIds;
  await begun(page, [a]);
  await database.db.query('update message_states set cancel_requested = true where message_id = $1', [b]);
  await database.db.query(
    `update message_states set due_at = ledger_now() + interval '1 hour' where message_id = $1`,
    [c],
  );
  await database.db.query(`update message_states set valid_until = ledger_now() where message_id = $1`, [d]);
  const answer = await answersTo(
    page,
    messageIds.map((id) => claimOf(id, uuidv7())),
  );
  const why = messageIds.map((id) => answer.notBegun.get(id)?.refused);
  expect(why).toEqual(['open', 'canceled', 'not_due', 'expired', undefined]);
  expect((await statesOf(jobId))[messageIds.indexOf(e)]).toBe('sending');
});

test('a rate limit gives a group as many tokens as there are, and says when the next one comes', async () => {
  const { jobId, messageIds, workspaceId } = await world(30);
  const channelId = await channel(workspaceId, 100);
  await plan(jobId, 1);
  const page = await take(jobId);
  const answer = await answersTo(
    page,
    messageIds.map((id) => claimOf(id, channelId)),
  );
  // The bucket holds a tenth of a second.
  expect(answer.notBegun.size).toBe(20);
  for (const { refused, waitMs } of answer.notBegun.values()) {
    expect(refused).toBe('rate_limited');
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(10);
  }
  expect(await countsOf(jobId)).toMatchObject({ sending: 10, pending: 20 });
});

test('a group whose facts changed since the gates saw them begins nothing', async () => {
  const { jobId, messageIds, workspaceId } = await world(2);
  const key = Buffer.alloc(16, 7);
  await plan(jobId, 1);
  const page = await take(jobId);
  const group = messageIds.map((id) => claimOf(id, uuidv7(), [key.toString('hex')]));
  await database.db.transaction((tx) => raiseFacts(tx, workspaceId, [key]));
  expect(await claim(page, group)).toMatchObject({ refused: 'facts_changed' });
  expect(await statesOf(jobId)).toEqual(['pending', 'pending']);
});

test('the next look is when something falls due that no open shard has', async () => {
  const { jobId, messageIds } = await world(3);
  expect(await nextPageWakeUpMs(database.db, jobId)).toBe(0);
  await plan(jobId, 1);
  expect(await nextPageWakeUpMs(database.db, jobId)).toBe(60_000);
  await database.db.query(
    `update message_states set due_at = ledger_now() + interval '1 hour' where message_id = $1`,
    [messageIds[2]],
  );
  const ms = (await nextPageWakeUpMs(database.db, jobId)) ?? 0;
  expect(ms).toBeGreaterThan(3_590_000);
  expect(ms).toBeLessThanOrEqual(3_600_000);
});

test('what is held and due first does not hide what is due after it', async () => {
  const { jobId, messageIds } = await world(2);
  const at = (seconds: number) => `ledger_now() + ${seconds} * interval '1 second'`;
  const [held, free] = messageIds;
  const change = (id: string | undefined, columns: string) =>
    database.db.query(`update message_states set state = 'waiting', ${columns} where message_id = $1`, [id]);
  await change(held, `due_at = ${at(1)}, held_until = ${at(60)}`);
  await change(free, `due_at = ${at(5)}`);
  expect(await nextPageWakeUpMs(database.db, jobId)).toBeLessThanOrEqual(5_000);
  await change(free, `due_at = ${at(300)}`);
  const ms = (await nextPageWakeUpMs(database.db, jobId)) ?? 0;
  expect(ms).toBeGreaterThan(50_000);
  expect(ms).toBeLessThanOrEqual(60_000);
});

test('refused calls are settled with their group, and begun again with it under the same key', async () => {
  const { jobId, messageIds } = await world(3);
  await plan(jobId, 1);
  const page = await take(jobId);
  const [first, second, third] = await begun(page, messageIds);
  if (!first || !second || !third) throw new Error('three were begun');
  const failed = outcomeOf(third, { outcome: 'permanent', code: 'no', state: 'failed', refused: true });
  const written = await settlePage(database.db, [
    again(first),
    accepted(second),
    { ...failed, reason: 'provider_refused' },
  ]);
  expect(written.size).toBe(3);
  expect(await statesOf(jobId)).toEqual(['waiting', 'sent', 'failed']);
  const answer = await answersTo(page, [claimOf(first.messageId, uuidv7())]);
  expect(answer.begun.get(first.messageId)).toMatchObject({
    ...{ deliveryId: first.deliveryId, generation: 0, number: 2, attempts: 1 },
  });
  expect(await countsOf(jobId)).toMatchObject({ sending: 1, sent: 1, failed: 1 });
});

test('a throttled call costs no attempt, and its key stays', async () => {
  const { page, one } = await oneBegun();
  const throttled = {
    ...again(one),
    outcome: 'throttled',
    waitReason: 'retry_after',
    refused: false,
  } as const;
  expect((await settlePage(database.db, [throttled])).size).toBe(1);
  const answer = await answersTo(page, [claimOf(one.messageId, uuidv7())]);
  expect(answer.begun.get(one.messageId)).toMatchObject({ generation: 0, number: 2, attempts: 0 });
});

test('what is in doubt is never begun again in a group', async () => {
  const { page, one } = await oneBegun();
  const doubt = { ...again(one), outcome: 'ambiguous', code: 'timeout', refused: false } as const;
  expect((await settlePage(database.db, [doubt])).size).toBe(1);
  const answer = await answersTo(page, [claimOf(one.messageId, uuidv7())]);
  expect(answer.notBegun.get(one.messageId)).toMatchObject({ refused: 'begun_before' });
});

test('a message whose route has moved on is not begun over the old one in a group', async () => {
  const { page, one } = await oneBegun();
  expect((await settlePage(database.db, [{ ...again(one), route: 1 }])).size).toBe(1);
  const answer = await answersTo(page, [claimOf(one.messageId, uuidv7())]);
  expect(answer.notBegun.get(one.messageId)).toMatchObject({ refused: 'begun_before' });
});

test('a wait that a cancel overtook is not settled with its group, and what was accepted is', async () => {
  const { jobId, messageIds } = await world(2);
  await plan(jobId, 1);
  const [first, second] = await begun(await take(jobId), messageIds);
  if (!first || !second) throw new Error('two were begun');
  await cancelJob(jobId);
  expect(await settlePage(database.db, [again(first), accepted(second)])).toEqual(
    new Set([second.attemptId]),
  );
  expect(await statesOf(jobId)).toEqual(['sending', 'sent']);
});

test('a refused call that holds a use of a frequency cap is left to whoever gives it back', async () => {
  const { workspaceId, one } = await oneBegun();
  await database.db.query(
    `insert into cap_uses (message_id, workspace_id, recipient, channel_id, at) values ($1, $2, '\\x00', $3, ledger_now())`,
    [one.messageId, workspaceId, one.channelId],
  );
  expect((await settlePage(database.db, [again(one)])).size).toBe(0);
  expect((await settlePage(database.db, [accepted(one)])).size).toBe(1);
});

test('only the newest attempt of a message moves it', async () => {
  const { jobId, one } = await oneBegun();
  await database.db.query(
    `insert into attempts (id, delivery_id, message_id, number, generation, owner, started_at, deadline_at)
     values ($1, $2, $3, 2, 0, 'heir', ledger_now(), ledger_now())`,
    [uuidv7(), one.deliveryId, one.messageId],
  );
  expect((await settlePage(database.db, [again(one)])).size).toBe(0);
  expect(await statesOf(jobId)).toEqual(['sending']);
});

test('what a group says is kept with its claim, the same words once', async () => {
  const { jobId, messageIds, workspaceId } = await world(10);
  await plan(jobId, 1);
  const group = await begun(await take(jobId), messageIds);
  const [kept] = await database.db.query<{ outputs: number; words: number }>(
    `select count(*)::int as outputs, count(distinct d.words)::int as words from deliveries d
     join rendered_contents c on c.workspace_id = d.workspace_id and c.sha256 = d.words
     where d.workspace_id = $1 and d.id = any($2)`,
    [workspaceId, group.map(({ deliveryId }) => deliveryId)],
  );
  expect(kept).toEqual({ outputs: 10, words: 1 });
});

test('a page of a shard is read in order, from where the last one ended', async () => {
  const { jobId, messageIds } = await world(10);
  await plan(jobId, 1, 8);
  const page = await take(jobId);
  const few = { ...LIMIT, messages: 5 };
  const { messages: first } = await pageMessages(database.db, page, -1, few);
  const { messages: second } = await pageMessages(database.db, page, first.at(-1)?.ordinal ?? -1, few);
  expect([...first, ...second].map((row) => row.messageId)).toEqual(messageIds.slice(0, 8));
});

test('a read of a shard is cut by bytes too, brings one message at least, and leaves none out', async () => {
  const { jobId, messageIds } = await world(7);
  await database.db.transaction(async (tx) => {
    // Past the trigger that keeps a message as it was admitted. Text that the table compresses: it counts as it is read.
    await tx.query(`set local session_replication_role = 'replica'`);
    await tx.query(
      `update messages set spec = jsonb_build_object('data', repeat('x', 100000)) where job_id = $1`,
      [jobId],
    );
  });
  await plan(jobId, 1);
  const page = await take(jobId);
  const sizes: number[] = [];
  const ids: string[] = [];
  for (let after = -1, more = true; more;) {
    const read = await pageMessages(database.db, page, after, {
      messages: 100,
      bytes: sizes.length ? 250_000 : 10,
    });
    sizes.push(read.messages.length);
    ids.push(...read.messages.map(({ messageId }) => messageId));
    after = read.messages.at(-1)?.ordinal ?? after;
    more = read.more;
  }
  expect(sizes).toEqual([1, 2, 2, 2]);
  expect(ids).toEqual(messageIds);
});

test('what was accepted is not asked for other calls in doubt: only a failure and a next route have to know', async () => {
  const { jobId, messageIds } = await world(3);
  await plan(jobId, 1);
  const group = await begun(await take(jobId), messageIds);
  const calls = await database.db.transaction(async (tx) => {
    await tx.query(`set local track_functions = 'all'`);
    expect(
      (
        await settlePage(
          tx,
          group.map((one) => accepted(one)),
        )
      ).size,
    ).toBe(3);
    return tx.query(`select calls from pg_stat_xact_user_functions where funcname = 'others_in_doubt'`);
  });
  expect(calls).toEqual([]);
});
