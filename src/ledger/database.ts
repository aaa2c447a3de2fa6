import { createHash } from 'node:crypto';
import { Pool, types, type PoolClient, type QueryConfig, type QueryResultRow } from 'pg';

// int8 counters stay far below 2^53: numbers, not strings.
types.setTypeParser(types.builtins.INT8, (text) => Number(text));

/** How a statement is sent. */
export interface QueryOptions {
  /**
   * For hot statements of constant text: parsed once a connection, and soon planned no more. The text has to be one of few,
   * since each stays with the connection; and its plan one that fits all values (keys, not ranges).
   */
  readonly prepared?: boolean;
}

/** One statement at a time, on a connection of the pool or inside a transaction. */
export interface Db {
  query<R extends QueryResultRow>(
    text: string,
    values?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<R[]>;
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
 * A plan that was kept may scan a table that was small when it was made. Postgres makes it anew when it has analysed the
 * table; a new connection does at the latest.
 */
const MAX_CONNECTION_AGE_S = 60;

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
    maxLifetimeSeconds: MAX_CONNECTION_AGE_S,
    statement_timeout: 30_000,
    lock_timeout: 10_000,
    application_name: 'volley',
  });
  pool.on('error', (error) => options.onIdleError?.(error));
  return {
    query: (text, values, sending) => queryPool(pool, text, values, sending),
    transaction: (work) => transact(pool, work),
    close: () => pool.end(),
  };
}

/** One statement by itself. One that a migration has outdated is sent again under a new name: it had no effect. */
async function queryPool<R extends QueryResultRow>(
  pool: Pool,
  text: string,
  values?: readonly unknown[],
  sending?: QueryOptions,
): Promise<R[]> {
  try {
    return rowsOf(await pool.query(configOf(text, values, sending)));
  } catch (error) {
    if (!isOutdated(error)) throw error;
    renamePrepared();
    return rowsOf(await pool.query(configOf(text, values, sending)));
  }
}

/** Names of prepared statements by their texts: a name means one text on every connection. */
const preparedNames = new Map<string, string>();
let preparedEdition = 0;

function configOf(text: string, values?: readonly unknown[], sending?: QueryOptions): QueryConfig {
  // The driver writes into neither; its types do not say so.
  const config: QueryConfig = { text, values: values as unknown[] };
  return sending?.prepared ? { ...config, name: preparedName(text) } : config;
}

function preparedName(text: string): string {
  let name = preparedNames.get(text);
  if (name === undefined) {
    name = `v${preparedEdition}_${createHash('sha256').update(text).digest('base64url')}`;
    preparedNames.set(text, name);
  }
  return name;
}

/** Every connection prepares them anew, and forgets the old ones when it ends. */
function renamePrepared(): void {
  preparedEdition += 1;
  preparedNames.clear();
}

/** What a migration does to statements that were prepared before it: their rows have other columns now. */
function isOutdated(error: unknown): boolean {
  const { code, routine } = error as { code?: string; routine?: string };
  return code === '0A000' && routine === 'RevalidateCachedQuery';
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
      query: async (text, values, sending) => rowsOf(await client.query(configOf(text, values, sending))),
      afterCommit: (action) => actions.push(action),
    });
    await client.query('COMMIT');
    for (const action of actions) action();
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((rollbackError: Error) => (broken = rollbackError));
    if (isOutdated(error)) renamePrepared();
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
