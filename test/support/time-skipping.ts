import { type Client } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { type QueryResultRow } from 'pg';
import { type Database } from '../../src/ledger/database';
import { dataConverter } from '../../src/temporal/connect';
import { createTestDatabase } from './database';
import { startEngine, TEST_KEYS, type Engine, type EngineOptions } from './engine';
import { quietRuntime } from './quiet-runtime';

export interface TimeSkipping {
  readonly env: TestWorkflowEnvironment;
  readonly client: Client;
  /** A ledger whose clock is the server's: months pass in both. */
  readonly db: Database;
  readonly engine: Engine;
  /** The server's time, epoch ms. */
  nowMs(): Promise<number>;
  /** Lets that much time pass, with everything that falls due in it. */
  sleep(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface TimeSkippingOptions extends Pick<
  EngineOptions,
  'settings' | 'rules' | 'maxCachedWorkflows' | 'maxDeliveries'
> {
  /** Breaks what activities see of the ledger. */
  readonly breakDb?: (db: Database) => Database;
}

/**
 * The engine on the time-skipping server and a ledger of its own. Time is one for all that runs in it, so tests of one file
 * run one after the other. It stands still, except that it passes as on a wall clock, until `sleep` or until someone awaits
 * a workflow's result.
 */
export async function startTimeSkipping(options: TimeSkippingOptions = {}): Promise<TimeSkipping> {
  quietRuntime();
  const path = process.env['VOLLEY_TEST_SERVER_PATH'];
  if (!path) throw new Error('VOLLEY_TEST_SERVER_PATH is not set: run the tests through npm test.');
  const [database, env] = await Promise.all([
    createTestDatabase({ poolSize: 20 }),
    TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path } },
      client: { dataConverter: dataConverter(TEST_KEYS) },
    }),
  ]);
  const nowMs = () => env.currentTimeMs();
  const db = await onServerTime(database.db, nowMs);
  const { breakDb, ...engineOptions } = options;
  const engine = await startEngine({
    ...engineOptions,
    db,
    client: env.client,
    connection: env.nativeConnection,
    ...(breakDb ? { activityDb: breakDb(db) } : {}),
  });
  return {
    env,
    client: env.client,
    db,
    engine,
    nowMs,
    sleep: (ms) => env.sleep(ms),
    async close() {
      await engine.stop();
      await env.teardown();
      await database.drop();
    },
  };
}

/**
 * Puts the server's clock under the ledger: before each statement or transaction the difference to the wall clock is
 * written down, and `ledger_now()` adds it. Only ever more of it, so that no clock runs backwards.
 */
async function onServerTime(db: Database, nowMs: () => Promise<number>): Promise<Database> {
  await db.query('create table test_clock (skew interval not null)');
  await db.query(`insert into test_clock values ('0')`);
  await db.query(`create or replace function ledger_now() returns timestamptz language sql stable as
    $$ select clock_timestamp() + (select skew from test_clock) $$`);
  let knownMs = 0;
  let written: Promise<unknown> = Promise.resolve();
  const sync = async (): Promise<void> => {
    const askedAtMs = Date.now();
    const skewMs = (await nowMs()) - askedAtMs;
    // The few ms that the question takes are not worth a write.
    if (skewMs >= knownMs + 20) {
      knownMs = skewMs;
      written = db.query(`update test_clock set skew = greatest(skew, $1 * interval '1 millisecond')`, [
        skewMs,
      ]);
    }
    // Also where somebody else writes it just now: what comes next would see the time before the leap.
    await written;
  };
  return {
    async query<R extends QueryResultRow>(text: string, values?: readonly unknown[]) {
      await sync();
      return db.query<R>(text, values);
    },
    async transaction(work) {
      await sync();
      return db.transaction(work);
    },
    close: () => db.close(),
  };
}
