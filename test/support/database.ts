import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { openDatabase, type Database } from '../../src/ledger/database';
import { migrate } from '../../src/ledger/migrate';

export interface TestDatabase {
  readonly url: string;
  readonly db: Database;
  /** Closes `db` and removes the database, whoever is still connected to it. */
  drop(): Promise<void>;
}

/** One number for the advisory lock: test files that start together build the template once. */
const TEMPLATE_LOCK = 7_650_540;
const MIGRATIONS = join(__dirname, '../../src/ledger/migrations');
const UNFINISHED = 'volley_template_unfinished_';

/**
 * A fresh, migrated database for one test file, cloned from a template on the server in VOLLEY_TEST_DATABASE_URL (put
 * there by the global setup): tens of milliseconds instead of a migration each.
 */
export async function createTestDatabase(options: { poolSize?: number } = {}): Promise<TestDatabase> {
  const adminUrl = adminUrlOfTests();
  const name = newName();
  await asAdmin(adminUrl, async (admin) => {
    const template = await ensureTemplate(admin, adminUrl);
    await admin.query(`create database ${name} template ${template}`);
  });
  return open(adminUrl, name, options.poolSize);
}

function adminUrlOfTests(): string {
  const adminUrl = process.env['VOLLEY_TEST_DATABASE_URL'];
  if (!adminUrl) throw new Error('VOLLEY_TEST_DATABASE_URL is not set: run the tests through npm test.');
  return adminUrl;
}

function newName(): string {
  return `volley_test_${randomBytes(8).toString('hex')}`;
}

function open(adminUrl: string, name: string, poolSize = 10): TestDatabase {
  const url = withDatabase(adminUrl, name);
  const db = openDatabase({ connectionString: url, poolSize });
  return {
    url,
    db,
    drop: async () => {
      await db.close();
      await asAdmin(adminUrl, (admin) => admin.query(`drop database if exists ${name} with (force)`));
    },
  };
}

/** A database as an older version left it: with the migrations before this one (a file's name, or how it begins). */
export async function createOldDatabase(before: string): Promise<TestDatabase> {
  const adminUrl = adminUrlOfTests();
  const name = newName();
  await asAdmin(
    adminUrl,
    async (admin) => void (await admin.query(`create database ${name} template template0`)),
  );
  await migrate(withDatabase(adminUrl, name), { before });
  return open(adminUrl, name);
}

/** Named by the hash of the migrations, so a changed one makes a new template; renamed when done, so never half a one. */
async function ensureTemplate(admin: Client, adminUrl: string): Promise<string> {
  const hash = hashOfMigrations();
  const name = `volley_template_${hash}`;
  // Held until the clone is made (the session ends it): a template cannot be cloned while another session is in it.
  await admin.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  const { rowCount } = await admin.query('select 1 from pg_database where datname = $1', [name]);
  if (rowCount) return name;
  await admin.query(`drop database if exists ${UNFINISHED}${hash} with (force)`);
  await admin.query(`create database ${UNFINISHED}${hash} template template0`);
  await migrate(withDatabase(adminUrl, `${UNFINISHED}${hash}`));
  await admin.query(`alter database ${UNFINISHED}${hash} rename to ${name}`);
  return name;
}

function hashOfMigrations(): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(MIGRATIONS).sort())
    hash.update(file).update(readFileSync(join(MIGRATIONS, file)));
  return hash.digest('hex').slice(0, 16);
}

function withDatabase(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.href;
}

async function asAdmin<T>(adminUrl: string, work: (admin: Client) => Promise<T>): Promise<T> {
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}
