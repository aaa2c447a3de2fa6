import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { OperatorError } from '../domain/operator-error';
import { sqlStateOf } from './sql-state';

/** One number for the advisory lock, so that two processes that start together migrate once. */
const MIGRATION_LOCK = 7_650_539;
const DIRECTORY = join(__dirname, 'migrations');

/**
 * Brings the schema up to date: numbered .sql files, each in its own transaction, each recorded with its checksum.
 * `before` stops at the file of that name, or that begins so: a ledger as an older version left it, for tests.
 * @returns the names of the files applied now.
 * @throws OperatorError where the database cannot be reached, or was migrated by a newer Volley; Error where an applied file was changed.
 */
export async function migrate(
  connectionString: string,
  { before }: { readonly before?: string } = {},
): Promise<string[]> {
  const client = new Client({ connectionString });
  await client.connect().catch((cause: NodeJS.ErrnoException) => {
    const code = cause.code === undefined ? '' : ` (${cause.code})`;
    throw new OperatorError(
      `The ledger cannot be reached${code}: start Postgres, or correct DATABASE_URL, whose database has to be there.`,
      { cause },
    );
  });
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await client.query(
      'create table if not exists volley_migrations (name text primary key, sha256 text not null, at timestamptz not null default now())',
    );
    return await applyMissing(client, before);
  } finally {
    await client.end();
  }
}

/** SQLSTATE undefined_table. */
const NO_SUCH_TABLE = '42P01';

/** True when every migration of this version is in the database. @throws what `query` does, but for a ledger that was never migrated. */
export async function isMigrated(query: (text: string) => Promise<{ name: string }[]>): Promise<boolean> {
  const applied = await query('select name from volley_migrations').catch((error: unknown) => {
    if (sqlStateOf(error) === NO_SUCH_TABLE) return [];
    throw error;
  });
  const names = new Set(applied.map((row) => row.name));
  return (await migrationFiles()).every((name) => names.has(name));
}

async function migrationFiles(): Promise<string[]> {
  return (await readdir(DIRECTORY)).filter((name) => name.endsWith('.sql')).sort();
}

async function applyMissing(client: Client, before: string | undefined): Promise<string[]> {
  const { rows } = await client.query<{ name: string; sha256: string }>(
    'select name, sha256 from volley_migrations',
  );
  const applied = new Map(rows.map((row) => [row.name, row.sha256]));
  const files = await migrationFiles();
  const unknown = [...applied.keys()].find((name) => !files.includes(name));
  if (unknown)
    throw new OperatorError(
      `The database was migrated by a newer Volley (${unknown}): start that version instead.`,
    );
  const done: string[] = [];
  for (const name of files.filter((each) => before === undefined || each < before)) {
    const sql = await readFile(join(DIRECTORY, name), 'utf8');
    const sha256 = createHash('sha256').update(sql).digest('hex');
    const known = applied.get(name);
    if (known === sha256) continue;
    if (known) throw new Error(`Migration ${name} was changed after it was applied: add a new one instead.`);
    await client.query('BEGIN');
    await client.query(sql);
    await client.query('insert into volley_migrations (name, sha256) values ($1, $2)', [name, sha256]);
    await client.query('COMMIT');
    done.push(name);
  }
  return done;
}
