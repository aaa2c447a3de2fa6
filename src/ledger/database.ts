import { Pool, types, type PoolClient, type QueryResultRow } from 'pg';

// int8 counters stay far below 2^53: numbers, not strings.
types.setTypeParser(types.builtins.INT8, (text) => Number(text));

/** One statement at a time, on a connection of the pool or inside a transaction. */
export interface Db {
  query<R extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<R[]>;
}

/** A transaction. `afterCommit` runs once the rows are safe, and never if they are not; it must not throw. */
export interface Tx extends Db {
  afterCommit(action: () => void): void;
}

export interface Database extends Db {
  /** Runs `work` in one transaction: commits what it returns, rolls back what it throws. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly connectionString: string;
  /** Connections of this process at most. */
  readonly poolSize: number;
  readonly onIdleError?: (error: Error) => void;
}

/**
 * Opens a pool. Statements stop after 30 s and lock waits after 10 s: a stuck neighbour makes a call fail, never hang.
 * A connection lost while idle is reported and replaced, not thrown.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new Pool({
    connectionString: options.connectionString,
    max: options.poolSize,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 30_000,
    lock_timeout: 10_000,
    application_name: 'volley',
  });
  pool.on('error', (error) => options.onIdleError?.(error));
  return {
    query: async (text, values) => rowsOf(await pool.query(text, values as unknown[])),
    transaction: (work) => transact(pool, work),
    close: () => pool.end(),
  };
}

function rowsOf<R extends QueryResultRow>(result: { rows: unknown[] }): R[] {
  return result.rows as R[];
}

async function transact<T>(pool: Pool, work: (tx: Tx) => Promise<T>): Promise<T> {
  const client: PoolClient = await pool.connect();
  const actions: (() => void)[] = [];
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await work({
      query: async (text, values) => rowsOf(await client.query(text, values as unknown[])),
      afterCommit: (action) => actions.push(action),
    });
    await client.query('COMMIT');
    for (const action of actions) action();
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((rollbackError: Error) => (broken = rollbackError));
    throw error;
  } finally {
    client.release(broken);
  }
}

/** The one row of a query that returns exactly one. */
export function one<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined || rows.length !== 1) throw new RangeError(`expected one row, got ${rows.length}`);
  return row;
}
