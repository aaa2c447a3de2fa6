import fc from 'fast-check';
import { type Db } from '../../../src/ledger/database';
import { readItems, readJobRow } from '../../../src/ledger/read-jobs';
import { nextPageWakeUpMs } from '../../../src/ledger/page-shards';
import { nextWakeUpMs, planShards, releaseJob } from '../../../src/ledger/shards';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { insertJobWith } from './world';

const MESSAGES = 20_000;
/** Pages of 8 kB. The index of the unsettled rows alone has over 100, their table over 300. */
const FEW_PAGES = 60;
/** A held row costs a page of its table at worst. */
const HELD = 1_000;

let database: TestDatabase;
beforeAll(async () => {
  // One connection: what it has to learn of the schema is learnt by the first try, which is not counted.
  database = await createTestDatabase({ poolSize: 1 });
});
afterAll(() => database?.drop());

/** What each statement that goes through `explaining` touched, in pages. */
function explaining(db: Db): { db: Db; pages(): number } {
  let pages = 0;
  return {
    pages: () => pages,
    db: {
      async query(text, values) {
        const rows = await db.query(text, values);
        const [row] = await db.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
          `explain (analyze, buffers, format json) ${text}`,
          values,
        );
        const plan = row?.['QUERY PLAN'][0].Plan ?? {};
        pages += (plan['Shared Hit Blocks'] ?? NaN) + (plan['Shared Read Blocks'] ?? NaN);
        return rows as never;
      },
    },
  };
}

/** Without statistics of its own, as a job is that was filled a moment ago. */
async function largeJob(): Promise<string> {
  const { jobId } = await insertJobWith(database.db, MESSAGES);
  return jobId;
}

async function pagesOf(work: (db: Db) => Promise<unknown>): Promise<number> {
  const explained = explaining(database.db);
  await work(explained.db);
  return explained.pages();
}

/**
 * Takes away what is dead. An autovacuum that began before still sees it, and so it would be left: its end is waited for.
 */
async function vacuum(): Promise<void> {
  const busy = `select 1 from pg_stat_activity where datname = current_database() and backend_type = 'autovacuum worker'`;
  while ((await database.db.query(busy)).length > 0);
  await database.db.query('vacuum message_states');
}

const plan = (jobId: string, generation: number) =>
  database.db.transaction((tx) =>
    planShards(tx, { jobId, generation, maxShards: 2, shardSize: HELD / 2, holdMs: 60_000 }),
  );

test('a page of 100 items reads as little at the end of a job as at its beginning', async () => {
  const jobId = await largeJob();
  for (const afterOrdinal of [-1, MESSAGES / 2, MESSAGES - 150]) {
    const { items, nextOrdinal } = await readItems(database.db, { jobId, afterOrdinal, limit: 100 });
    expect(items.map(({ ordinal }) => ordinal)).toEqual(items.map((_, i) => afterOrdinal + 1 + i));
    expect(nextOrdinal).toBe(afterOrdinal + 100);
    const read = await pagesOf((db) => readItems(db, { jobId, afterOrdinal, limit: 100 }));
    expect(read).toBeLessThan(101 * 5); // a descent and a row in each of two tables
  }
});

test('the status of a job counts no messages', async () => {
  const jobId = await largeJob();
  expect(await pagesOf((db) => readJobRow(db, jobId))).toBeLessThan(FEW_PAGES);
});

test('a look for the next wake-up reads one row where one is free, and the held ones where none is', async () => {
  const jobId = await largeJob();
  expect(await pagesOf((db) => nextWakeUpMs(db, jobId))).toBeLessThan(FEW_PAGES);
  expect(await plan(jobId, 1)).toHaveLength(2);
  expect(await pagesOf((db) => nextWakeUpMs(db, jobId))).toBeLessThan(HELD * 3);
  await database.db.query(
    "update message_states set due_at = now() + interval '1 day' where job_id = $1 and held_until is null",
    [jobId],
  );
  expect(await pagesOf((db) => nextWakeUpMs(db, jobId))).toBeLessThan(HELD * 3);
});

test('in pages a look reads what is held, and not what is unsettled', async () => {
  const jobId = await largeJob();
  await database.db.query(
    `update message_states set state = 'waiting', held_until = now() + interval '1 hour' where job_id = $1 and ordinal < $2`,
    [jobId, 20],
  );
  await database.db.query(
    `update message_states set due_at = now() + interval '1 day' where job_id = $1 and held_until is null`,
    [jobId],
  );
  await vacuum();
  expect(await pagesOf((db) => nextPageWakeUpMs(db, jobId))).toBeLessThan(2 * FEW_PAGES);
});

test('the first run of a job looks for no holds, a later one ends them and reads no others', async () => {
  const jobId = await largeJob();
  expect(await pagesOf((db) => releaseJob(db, jobId))).toBeLessThan(FEW_PAGES);
  await plan(jobId, 1);
  await releaseJob(database.db, jobId);
  await vacuum();
  expect(await pagesOf((db) => releaseJob(db, jobId))).toBeLessThan(FEW_PAGES);
  const held = await database.db.query(
    'select 1 from message_states where job_id = $1 and held_until is not null',
    [jobId],
  );
  expect(held).toEqual([]);
});

test('the next wake-up is the least of what every unsettled row would say', async () => {
  const seconds = fc.integer({ min: -5, max: 5 });
  const rows = fc.array(fc.record({ due: seconds, held: fc.option(seconds), settled: fc.boolean() }), {
    minLength: 1,
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(rows, async (given) => {
      const { jobId } = await insertJobWith(database.db, given.length);
      await database.db.query(
        `update message_states s set due_at = now() + g.due * interval '1 hour', held_until = now() + g.held * interval '1 hour',
           state = case when g.settled then 'canceled' else s.state end
         from rows from (jsonb_to_recordset($2) as (due int, held int, settled boolean)) with ordinality as g(due, held, settled, n)
         where s.job_id = $1 and s.ordinal = g.n - 1`,
        [jobId, JSON.stringify(given)],
      );
      const hours = given
        .filter(({ settled }) => !settled)
        .map(({ due, held }) => Math.max(0, due, held ?? due));
      const ms = await nextWakeUpMs(database.db, jobId);
      expect(ms === null ? null : Math.round(ms / 3_600_000)).toBe(
        hours.length === 0 ? null : Math.min(...hours),
      );
    }),
    { numRuns: 60 },
  );
});
