import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitReady, launch } from '../../src/runtime/embedded/launch';
import { freePort } from '../../src/runtime/embedded/ports';
import { preparePostgres } from '../../src/runtime/embedded/postgres';
import { findTemporal } from '../../src/runtime/embedded/temporal-binary';
import { startWatchdog } from '../../src/runtime/embedded/watchdog';
import { keepForTeardown } from './global-state';

const READY_TIMEOUT_MS = 20_000;

/**
 * Once for all suites: a Postgres (unless DATABASE_URL names one) as VOLLEY_TEST_DATABASE_URL, whose role may create
 * databases, and the paths of both Temporal programs as TEMPORAL_CLI_PATH and VOLLEY_TEST_SERVER_PATH.
 */
export default async function globalSetup(): Promise<void> {
  const report = (line: string) => void process.stderr.write(`${line}\n`);
  const programs = Promise.all([
    findTemporal('temporal', process.env, report),
    findTemporal('temporal-test-server', process.env, report),
  ]);
  const ownDatabase = process.env['DATABASE_URL'];
  process.env['VOLLEY_TEST_DATABASE_URL'] = ownDatabase ? ownDatabase : await startPostgres();
  [process.env['TEMPORAL_CLI_PATH'], process.env['VOLLEY_TEST_SERVER_PATH']] = await programs;
}

async function startPostgres(): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'volley-test-'));
  const { spec, adminUrl } = await preparePostgres({ dataDir, port: await freePort(), durable: false });
  const log = join(dataDir, 'postgres.log');
  const child = await launch(spec, log);
  const watchdog = startWatchdog();
  watchdog.watch([{ pid: child.pid ?? 0, stopSignal: spec.stopSignal }]);
  keepForTeardown({ child, spec, dataDir, watchdog });
  const outcome = await awaitReady(spec, child, READY_TIMEOUT_MS);
  if (outcome !== 'ready') throw new Error(`the test Postgres is ${outcome}: see ${log}`);
  child.unref();
  return adminUrl;
}
