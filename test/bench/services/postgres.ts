import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from '../../../src/runtime/embedded/ports';
import { preparePostgres } from '../../../src/runtime/embedded/postgres';
import { createSupervisor } from '../../../src/runtime/embedded/supervisor';
import { pidListeningAt } from '../measure/listening-pid';

export interface BenchPostgres {
  readonly pid: number;
  readonly description: string;
  /** The URL of an empty database of this name; one that was there is dropped. */
  freshDatabase(name: string): Promise<string>;
  /** Bytes of write-ahead log since the cluster was made. */
  walBytes(): Promise<number>;
  close(): Promise<void>;
}

/** One Postgres for all contestants: the one that `npm start` has, durable; or that of BENCH_POSTGRES_URL. */
export async function startPostgres(dir: string): Promise<BenchPostgres> {
  const given = process.env['BENCH_POSTGRES_URL'];
  const own = given === undefined ? await startOwn(dir) : undefined;
  const adminUrl = given ?? own?.adminUrl ?? '';
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  const one = async (text: string): Promise<string> => {
    const { rows } = await admin.query<{ value: string }>(text);
    return String(rows[0]?.value);
  };
  const version = await one("select current_setting('server_version') as value");
  const commit = await one("select current_setting('synchronous_commit') as value");
  return {
    pid: own?.pid ?? pidListeningAt(Number(new URL(adminUrl).port || 5432)),
    description: `Postgres ${version}, synchronous_commit=${commit}`,
    async freshDatabase(name) {
      await admin.query(`drop database if exists ${admin.escapeIdentifier(name)} with (force)`);
      await admin.query(`create database ${admin.escapeIdentifier(name)}`);
      const url = new URL(adminUrl);
      url.pathname = `/${name}`;
      return url.href;
    },
    walBytes: async () =>
      Number(await one("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text as value")),
    async close() {
      await admin.end();
      await own?.stop();
    },
  };
}

async function startOwn(dir: string): Promise<{ adminUrl: string; pid: number; stop(): Promise<void> }> {
  const dataDir = join(dir, 'data');
  mkdirSync(dataDir, { recursive: true });
  const postgres = await preparePostgres({ dataDir, port: await freePort(), durable: true });
  const supervisor = createSupervisor({
    runDir: join(dataDir, 'run'),
    logDir: join(dataDir, 'logs'),
    readyTimeoutMs: 60_000,
    onEvent: () => undefined,
  });
  await supervisor.start(postgres.spec);
  return { adminUrl: postgres.adminUrl, pid: supervisor.pids().postgres ?? 0, stop: () => supervisor.stop() };
}
