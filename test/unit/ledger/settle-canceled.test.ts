import { MockActivityEnvironment } from '@temporalio/testing';
import { createSettleCanceled } from '../../../activities/settle-canceled';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { insertJobWith } from './world';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());
afterEach(() => jest.restoreAllMocks());

test('a large cancelled job is settled a few seconds at a time, each call going on where the last one ended', async () => {
  const { jobId } = await insertJobWith(database.db, 3_500);
  await database.db.query('update jobs set cancel_requested = true where id = $1', [jobId]);
  const settle = createSettleCanceled({ db: database.db });
  let nowMs = 0;
  jest.spyOn(Date, 'now').mockImplementation(() => (nowMs += 3_000));
  const calls: ({ after: number } | undefined)[] = [];
  for (let after: number | undefined; calls.length === 0 || after !== undefined;) {
    const rest: { after: number } | undefined = await new MockActivityEnvironment().run(settle, {
      ...{ v: 1 as const, jobId },
      ...(after === undefined ? {} : { after }),
    });
    calls.push(rest);
    after = rest?.after;
  }
  jest.restoreAllMocks();
  expect(calls.length).toBeGreaterThan(1);
  const [left] = await database.db.query<{ n: number }>(
    `select count(*) as n from message_states where job_id = $1 and state <> 'canceled'`,
    [jobId],
  );
  expect(left?.n).toBe(0);
  const afters = calls.flatMap((rest) => rest?.after ?? []);
  expect(afters).toEqual([...afters].sort((a, b) => a - b));
  expect(new Set(afters).size).toBe(afters.length);
});
