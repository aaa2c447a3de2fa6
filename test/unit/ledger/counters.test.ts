import fc from 'fast-check';
import { Client } from 'pg';
import { MESSAGE_STATES, type MessageState } from '../../../src/domain/states';
import { readJobRow } from '../../../src/ledger/read-jobs';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { insertJobWith, moveTo } from './world';

const MESSAGES = 40;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

/** The counts as a count of the rows has them. */
async function recount(jobId: string): Promise<{ states: Record<string, number>; enqueued: number }> {
  const rows = await database.db.query<{ state: string; n: number; enqueued: number }>(
    'select state, count(*) as n, count(enqueued_at) as enqueued from message_states where job_id = $1 group by state',
    [jobId],
  );
  return {
    states: Object.fromEntries(rows.map((row) => [row.state, row.n])),
    enqueued: rows.reduce((sum, row) => sum + row.enqueued, 0),
  };
}

async function expectTrueCounts(jobId: string): Promise<{ enqueued: number; failures: number }> {
  const job = await readJobRow(database.db, jobId);
  if (!job) throw new Error('no job');
  const { states, enqueued } = await recount(jobId);
  for (const state of MESSAGE_STATES) expect([state, job.counts[state]]).toEqual([state, states[state] ?? 0]);
  expect(job.enqueued).toBe(enqueued);
  expect(job.received).toBe(MESSAGES);
  expect(job.received).toBe(job.enqueued + job.failures + job.pending);
  return job;
}

const moves = fc.array(fc.record({ message: fc.nat(MESSAGES - 1), to: fc.constantFrom(...MESSAGE_STATES) }), {
  minLength: 1,
  maxLength: 60,
});

test('after any moves, refused ones too, counters are what a recount says, and enqueued and failures never fall', async () => {
  await fc.assert(
    fc.asyncProperty(moves, async (sequence) => {
      const { jobId, messageIds } = await insertJobWith(database.db, MESSAGES);
      let before = await expectTrueCounts(jobId);
      for (const [index, { message, to }] of sequence.entries()) {
        await moveTo(database.db, messageIds[message] ?? '', to).catch(() => undefined);
        if (index % 10 !== 9) continue;
        const now = await expectTrueCounts(jobId);
        expect(now.enqueued).toBeGreaterThanOrEqual(before.enqueued);
        expect(now.failures).toBeGreaterThanOrEqual(before.failures);
        before = now;
      }
      await expectTrueCounts(jobId);
    }),
    { numRuns: 15 },
  );
});

test('many moves in one statement are counted as each by itself', async () => {
  const { jobId, messageIds } = await insertJobWith(database.db, MESSAGES);
  const states: MessageState[] = ['waiting', 'sending', 'rejected', 'skipped', 'canceled'];
  await database.db.query(
    `update message_states s set state = given.state
     from unnest($1::uuid[], $2::text[]) as given(id, state) where s.message_id = given.id`,
    [messageIds, messageIds.map((_, index) => states[index % states.length])],
  );
  await expectTrueCounts(jobId);
});

test('moves at the same time lose no count and do not lock each other up', async () => {
  const { jobId, messageIds } = await insertJobWith(database.db, MESSAGES);
  for (const to of ['sending', 'sent', 'delivered'] as const) {
    await Promise.all(messageIds.map((messageId) => moveTo(database.db, messageId, to)));
  }
  await expectTrueCounts(jobId);
});

test('a move that is rolled back is not counted', async () => {
  const { jobId, messageIds } = await insertJobWith(database.db, MESSAGES);
  const rolledBack = database.db.transaction(async (tx) => {
    await moveTo(tx, messageIds[0] ?? '', 'sending');
    throw new Error('no');
  });
  await expect(rolledBack).rejects.toThrow('no');
  await expectTrueCounts(jobId);
});

test('enqueued_at is set once, when a message first leaves pending for the way, and by nobody else', async () => {
  const { messageIds } = await insertJobWith(database.db, 3);
  const [sent = '', rejected = '', canceled = ''] = messageIds;
  const enqueuedAt = async (messageId: string): Promise<Date | null> => {
    const [row] = await database.db.query<{ at: Date | null }>(
      'select enqueued_at as at from message_states where message_id = $1',
      [messageId],
    );
    return row?.at ?? null;
  };
  await moveTo(database.db, sent, 'waiting');
  const first = await enqueuedAt(sent);
  expect(first).not.toBeNull();
  for (const state of ['sending', 'sent', 'delivered'] as const) await moveTo(database.db, sent, state);
  await database.db.query('update message_states set enqueued_at = null where message_id = $1', [sent]);
  expect(await enqueuedAt(sent)).toEqual(first);
  await moveTo(database.db, rejected, 'rejected');
  await moveTo(database.db, canceled, 'canceled');
  expect([await enqueuedAt(rejected), await enqueuedAt(canceled)]).toEqual([null, null]);
});

test('who has counted and not yet committed keeps nobody of the same job from counting', async () => {
  const { jobId, messageIds } = await insertJobWith(database.db, MESSAGES);
  // Two connections whose slot would be the same by their process ids: of 33 there are two.
  const bySlot = new Map<number, Client>();
  let pair: [Client, Client] | undefined;
  try {
    while (!pair) {
      const client = new Client({ connectionString: database.url });
      await client.connect();
      const { rows } = await client.query<{ slot: number }>('select pg_backend_pid() % 32 as slot');
      const slot = rows[0]?.slot ?? 0;
      const other = bySlot.get(slot);
      if (other) pair = [client, other];
      else bySlot.set(slot, client);
    }
    for (const client of pair) await client.query(`begin; set local lock_timeout = '5s'`);
    for (const state of ['sending', 'sent', 'delivered'] as const) {
      for (const [index, client] of pair.entries())
        await client.query('update message_states set state = $2 where message_id = $1', [
          messageIds[index],
          state,
        ]);
    }
    for (const client of pair) await client.query('commit');
  } finally {
    await Promise.all([...bySlot.values(), ...(pair ?? [])].map((client) => client.end()));
  }
  expect((await expectTrueCounts(jobId)).enqueued).toBe(2);
});
