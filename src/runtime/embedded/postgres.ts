import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { LOOPBACK } from './ports';
import { giveTo, locatePostgresHome, type PostgresHome } from './postgres-home';
import { locatePostgresProgram, type PostgresProgram } from './postgres-program';
import { commandLineOf, isAlive, readPid, stopProcess } from './process-life';
import { embeddedSecret } from './secrets';
import { StartupError } from './startup-error';
import { type ProcessSpec } from './process-spec';

const ROLE = 'volley';
export const DATABASE = 'volley';
/** A fast shutdown writes a checkpoint first: seconds on a slow disk, never minutes. */
const STOP_TIMEOUT_MS = 15_000;
const PROBE_TIMEOUT_MS = 2_000;

export type PostgresOptions = {
  dataDir: string;
  /** A free port: this module does not look for one. */
  port: number;
  /** False only in tests: a crash of the machine may then lose the database, for half the time at every commit. */
  durable: boolean;
};

export type EmbeddedPostgres = {
  spec: ProcessSpec;
  /** Of the database `volley`, as superuser: the embedded ledger's owner is the only user that there is. */
  url: string;
  /** Of the database that always exists, to create others from. */
  adminUrl: string;
  /** Creates the database `volley` where it is missing. Call it once the server answers. */
  createDatabase(): Promise<void>;
};

/**
 * Makes a data directory ready for the bundled Postgres and says how to run it. Creates the cluster at the first call;
 * stops what an earlier stack left running on it, so two servers never write one cluster.
 * @throws StartupError in one sentence: wrong version, wrong owner, no binaries, initdb refused.
 */
export async function preparePostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  mkdirSync(options.dataDir, { recursive: true });
  const home = locatePostgresHome(options.dataDir);
  const program = locatePostgresProgram(home.runAs);
  const password = embeddedSecret(options.dataDir, 'postgres-password');
  await stopLeftover(home.cluster);
  if (existsSync(join(home.cluster, 'PG_VERSION'))) requireSameMajor(home.cluster, program);
  else initialise(home, program, password, options.durable);
  const urlOf = (database: string) =>
    `postgres://${ROLE}:${password}@${LOOPBACK}:${options.port}/${database}`;
  const adminUrl = urlOf('postgres');
  return {
    url: urlOf(DATABASE),
    adminUrl,
    createDatabase: () => createDatabase(adminUrl),
    spec: {
      name: 'postgres',
      command: program.postgres,
      args: serverArguments(home.cluster, options),
      env: plainEnvironment(),
      cwd: '/',
      runAs: home.runAs,
      stopSignal: 'SIGINT', // Postgres' fast shutdown; its SIGTERM would wait for every client to leave.
      stopTimeoutMs: STOP_TIMEOUT_MS,
      commandMark: home.cluster,
      isReady: () => answers(adminUrl),
    },
  };
}

/** Command-line settings instead of postgresql.conf: a later version of ours changes them for old clusters too. */
export function serverArguments(
  cluster: string,
  options: Pick<PostgresOptions, 'port' | 'durable'>,
): string[] {
  const settings: Record<string, string | number> = {
    listen_addresses: LOOPBACK,
    port: options.port,
    unix_socket_directories: '', // The one door is the loopback port, with a password.
    max_connections: 200,
    shared_buffers: '128MB', // Fits a laptop; the rest is the system's cache.
    max_wal_size: '1GB', // Fewer checkpoints while a large job runs.
    fsync: options.durable ? 'on' : 'off',
    synchronous_commit: options.durable ? 'on' : 'off',
    full_page_writes: options.durable ? 'on' : 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Rows quoted in errors hold addresses of people: neither detail lines nor statements go to the log.
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
  };
  return ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

function initialise(home: PostgresHome, program: PostgresProgram, password: string, durable: boolean): void {
  // Made beside its place and renamed: a start that was killed in between leaves no half cluster behind.
  const draft = `${home.cluster}.new`;
  const passwordFile = `${home.cluster}.password`;
  rmSync(draft, { recursive: true, force: true });
  rmSync(passwordFile, { force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  giveTo(draft, home.runAs);
  try {
    writeFileSync(passwordFile, password, { mode: 0o600, flag: 'wx' });
    giveTo(passwordFile, home.runAs);
    const result = spawnSync(
      program.initdb,
      [
        ...['-D', draft, '-U', ROLE, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8'],
        // The built-in provider sorts the same on every platform and after every system upgrade.
        ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
        ...(durable ? [] : ['--no-sync']),
      ],
      { cwd: '/', env: plainEnvironment(), encoding: 'utf8', ...home.runAs },
    );
    if (result.status !== 0) {
      const said = (result.stderr || (result.error?.message ?? '')).trim().split('\n').at(-1);
      throw new StartupError(
        `Postgres could not create its database in ${dirname(home.cluster)} (${said}): set VOLLEY_DATA_DIR to a writable local disk, or DATABASE_URL to a Postgres of your own.`,
      );
    }
    renameSync(draft, home.cluster);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/**
 * A server that outlived its supervisor is stopped; a pid file that names some other process is removed, since
 * Postgres would take any process of the same user for a running server.
 */
async function stopLeftover(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid');
  const pid = readPid(file);
  if (pid === undefined || !isAlive(pid)) return;
  if (commandLineOf(pid).includes(cluster)) await stopProcess(pid, 'SIGINT', STOP_TIMEOUT_MS);
  else rmSync(file, { force: true });
}

function requireSameMajor(cluster: string, program: PostgresProgram): void {
  const found = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim();
  if (Number(found) === program.majorVersion) return;
  throw new StartupError(
    `${cluster} was made by Postgres ${found} and this is ${program.majorVersion}: dump it with that version, or set VOLLEY_DATA_DIR to a new directory.`,
  );
}

/** Nothing of the caller's: PG* variables and locales change how the server behaves. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C', LC_ALL: 'C' };
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: PROBE_TIMEOUT_MS });
  client.on('error', () => undefined); // The server may stop while we ask: that is an answer too.
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function createDatabase(adminUrl: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (known.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}
