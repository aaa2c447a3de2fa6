import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { awaitReady, hasEnded, launch } from '../../../src/runtime/embedded/launch';
import { freePort } from '../../../src/runtime/embedded/ports';
import {
  preparePostgres,
  serverArguments,
  type EmbeddedPostgres,
} from '../../../src/runtime/embedded/postgres';
import { locatePostgresHome } from '../../../src/runtime/embedded/postgres-home';
import { createSupervisor } from '../../../src/runtime/embedded/supervisor';

let dataDir: string;
const stops: (() => Promise<void>)[] = [];

beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'volley-postgres-'))));
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(): Promise<{ postgres: EmbeddedPostgres; stop: () => Promise<void> }> {
  const postgres = await preparePostgres({ dataDir, port: await freePort(), durable: false });
  const supervisor = createSupervisor({
    runDir: join(dataDir, 'run'),
    logDir: join(dataDir, 'logs'),
    readyTimeoutMs: 20_000,
    onEvent: () => undefined,
  });
  stops.push(() => supervisor.stop());
  await supervisor.start(postgres.spec);
  await postgres.createDatabase();
  return { postgres, stop: () => supervisor.stop() };
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}

test('data survives a server that was left behind by a crash: the next start stops it and goes on', async () => {
  const left = await preparePostgres({ dataDir, port: await freePort(), durable: false });
  const leftover = await launch(left.spec, join(dataDir, 'leftover.log'));
  expect(await awaitReady(left.spec, leftover, 20_000)).toBe('ready');
  await left.createDatabase();
  await query(left.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
  // Nobody supervises it, it runs and holds the cluster: as after a supervisor that was killed.
  const { postgres } = await start();
  expect(hasEnded(leftover)).toBe(true);
  expect(await query(postgres.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
});

test('nobody gets in without the password, which only the owner can read', async () => {
  const { postgres } = await start();
  const wrong = postgres.url.replace(/:[^:@]+@/, ':wrong@');
  await expect(query(wrong, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  expect(statSync(join(dataDir, 'secrets', 'postgres-password')).mode & 0o777).toBe(0o600);
});

test('a cluster of another major version is refused in one sentence', async () => {
  const { postgres, stop } = await start();
  expect(postgres.spec.args).toContain('listen_addresses=127.0.0.1');
  await stop();
  const { cluster } = locatePostgresHome(dataDir);
  writeFileSync(join(cluster, 'PG_VERSION'), '12\n');
  await expect(preparePostgres({ dataDir, port: 0, durable: false })).rejects.toThrow(
    /was made by Postgres 12 and this is \d+: dump it with that version, or set VOLLEY_DATA_DIR/,
  );
});

test('what is not for tests is durable, and rows never reach the log', () => {
  const args = serverArguments('/cluster', { port: 1, durable: true });
  for (const setting of [
    'fsync=on',
    'synchronous_commit=on',
    'full_page_writes=on',
    'log_error_verbosity=terse',
  ])
    expect(args).toContain(setting);
});
