import { resolve } from 'node:path';
import { openDatabase, type Database } from '../ledger/database';
import { UnreachableError } from '../runtime/local-client';
import { SEEDED_API_KEY } from '../service/seed-workspace';
import { OperatorError } from '../domain/operator-error';
import { findRunningStack, type RunningStack } from './running-stack';

type Env = NodeJS.ProcessEnv;

/** A command has one thing to do, and a few statements to do it with. */
const POOL_SIZE = 2;

/** The ledger: DATABASE_URL, else that of the stack that runs on the data directory. @throws OperatorError */
export function ledgerUrl(env: Env = process.env): string {
  const url = env['DATABASE_URL'] || runningStack(env)?.databaseUrl;
  if (url) return url;
  throw new OperatorError(
    `No Volley runs on ${dataDirOf(env)}: start it (volley start), or set DATABASE_URL to its ledger.`,
  );
}

/** The API's URL: the option, VOLLEY_API_URL, else the stack that runs on the data directory; undefined for none. */
export function apiUrl(given: string | undefined, env: Env = process.env): string | undefined {
  return given ?? (env['VOLLEY_API_URL'] || runningStack(env)?.api);
}

/** A workspace's key: the option, VOLLEY_API_KEY, else the embedded default's where such a stack runs. */
export function apiKey(given: string | undefined, env: Env = process.env): string | undefined {
  return given ?? (env['VOLLEY_API_KEY'] || (runningStack(env) ? SEEDED_API_KEY : undefined));
}

/**
 * The API of the ledger that `ledgerUrl` names, and a key of it: what was given or is set, else the running stack's where the ledger
 * is that one's own. Undefined where none is known. @throws OperatorError where there is no ledger.
 */
export function apiOfLedger(
  given: { readonly url: string | undefined; readonly key: string | undefined },
  env: Env = process.env,
): { url: string; key: string } | undefined {
  const isOurs = ledgerUrl(env) === runningStack(env)?.databaseUrl;
  const url = isOurs ? apiUrl(given.url, env) : (given.url ?? (env['VOLLEY_API_URL'] || undefined));
  const key = isOurs ? apiKey(given.key, env) : (given.key ?? (env['VOLLEY_API_KEY'] || undefined));
  return url !== undefined && key !== undefined ? { url, key } : undefined;
}

/**
 * Runs `work` on the ledger and closes it.
 * @throws UnreachableError in one sentence where the database does not answer, OperatorError where none is known.
 */
export async function withLedger<T>(work: (db: Database) => Promise<T>, env: Env = process.env): Promise<T> {
  const db = openDatabase({
    connectionString: ledgerUrl(env),
    poolSize: POOL_SIZE,
    onIdleError: () => undefined,
  });
  try {
    await db.query('select 1').catch((cause: unknown) => {
      throw new UnreachableError(
        'The ledger cannot be reached: start Volley (volley start), or correct DATABASE_URL.',
        { cause },
      );
    });
    return await work(db);
  } finally {
    await db.close();
  }
}

function runningStack(env: Env): RunningStack | undefined {
  return findRunningStack(dataDirOf(env));
}

function dataDirOf(env: Env): string {
  return resolve(env['VOLLEY_DATA_DIR'] || '.volley');
}
