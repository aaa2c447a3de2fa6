import { Client, types } from 'pg';
import { UnreachableError } from '../runtime/local-client';

/** One statement over a job of a million may take minutes on a small machine. */
const STATEMENT_TIMEOUT_MS = 600_000;
const CONNECT_TIMEOUT_MS = 5_000;

// Counts stay far below 2^53: numbers, not strings.
types.setTypeParser(types.builtins.INT8, Number);

export type Row = Readonly<Record<string, unknown>>;

/** The ledger as it was at one moment, and as it is now. Neither can write. */
export interface LedgerReader {
  /** Every answer is of the same moment, however long the audit takes. */
  snapshot<R extends Row>(sql: string, values: readonly unknown[]): Promise<R[]>;
  /** Committed by now: what came after the snapshot is in it. */
  now<R extends Row>(sql: string, values: readonly unknown[]): Promise<R[]>;
  close(): Promise<void>;
}

/**
 * Opens two read-only connections of the audit's own, one of them in a repeatable-read transaction.
 * @throws UnreachableError in one sentence that never shows the URL, which may hold a password.
 */
export async function openLedgerReader(databaseUrl: string): Promise<LedgerReader> {
  const clients = [newClient(databaseUrl), newClient(databaseUrl)] as const;
  const [fixed, current] = clients;
  const close = async () => void (await Promise.allSettled(clients.map((client) => client.end())));
  try {
    for (const client of clients) {
      await client.connect();
      await client.query('set default_transaction_read_only = on');
    }
    await fixed.query('begin isolation level repeatable read read only');
    // The snapshot is taken by the first statement, not by begin.
    await fixed.query('select 1');
  } catch (cause) {
    await close();
    throw new UnreachableError(
      'The ledger cannot be reached: start Volley (volley start), or set DATABASE_URL to its database.',
      { cause },
    );
  }
  return {
    snapshot: async <R extends Row>(sql: string, values: readonly unknown[]) =>
      (await fixed.query(sql, [...values])).rows as R[],
    now: async <R extends Row>(sql: string, values: readonly unknown[]) =>
      (await current.query(sql, [...values])).rows as R[],
    close,
  };
}

function newClient(connectionString: string): Client {
  const client = new Client({
    connectionString,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'volley-audit',
  });
  // A lost connection shows in the statement that waits for it.
  client.on('error', () => undefined);
  return client;
}
