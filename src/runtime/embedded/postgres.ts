import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { Client } from 'pg';
import { LOOPBACK } from './ports';
import {
  ROLE,
  STOP_TIMEOUT_MS,
  plainEnvironment,
  prepareCluster,
  stopLeftoverServer,
} from './postgres-cluster';
import { locatePostgresHome } from './postgres-home';
import { locatePostgresProgram } from './postgres-program';
import { embeddedSecret } from './secrets';
import { type ProcessSpec } from './process-spec';

const DATABASE = 'volley';
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
 * Makes a data directory ready for the bundled Postgres and says how to run it. Creates the cluster at the first call.
 * Each launch stops what an earlier stack left running on it first, so two servers never write one cluster.
 * @throws StartupError in one sentence: wrong version, wrong owner, no binaries, initdb refused.
 */
export async function preparePostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true });
  const home = locatePostgresHome(dataDir);
  const program = locatePostgresProgram(home.runAs);
  const password = embeddedSecret(dataDir, 'postgres-password');
  prepareCluster(home, program, password, options.durable);
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
      beforeLaunch: () => stopLeftoverServer(home.cluster),
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
