import { planPageShards } from '../../../src/ledger/page-shards';
import { planShards } from '../../../src/ledger/shards';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { insertJobWith } from './world';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const LIMITS = { maxShards: 2, shardSize: 60 } as const;

async function plan(lane: 'workflow' | 'page', messages: number, generations: number): Promise<number[][]> {
  const { jobId } = await insertJobWith(database.db, messages);
  const plans: number[][] = [];
  for (let generation = 1; generation <= generations; generation += 1) {
    const shards = await database.db.transaction((tx) =>
      lane === 'page'
        ? planPageShards(tx, { jobId, generation, ...LIMITS })
        : planShards(tx, { jobId, generation, ...LIMITS, holdMs: 60_000 }),
    );
    plans.push(shards.map(({ size }) => size));
  }
  return plans;
}

test('shards that begin together do not end together while the job has more', async () => {
  expect(await plan('workflow', 200, 3)).toEqual([[30, 60], [30, 60], [20]]);
  // One page shard more than was asked for, to have the places of one that ends.
  expect(await plan('page', 300, 3)).toEqual([
    [20, 40, 60],
    [20, 40, 60],
    [25, 25, 10],
  ]);
});

test('a job that begins with all of its messages is spread evenly over the shards that it may have', async () => {
  expect(await plan('workflow', 120, 1)).toEqual([[60, 60]]);
  expect(await plan('page', 120, 1)).toEqual([[60, 60]]);
  expect(await plan('page', 100, 1)).toEqual([[50, 50]]);
});
