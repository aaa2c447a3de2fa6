import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedEnvironment } from '../../../src/cli/environment';
import { runMigrate } from '../../../src/cli/processes';
import { openDatabase, type Database } from '../../../src/ledger/database';
import { startStack } from '../../../src/runtime/embedded/stack';
import { eventually } from '../../support/eventually';

const ROOT = join(__dirname, '../../..');

export interface IntakeStand {
  readonly api: string;
  readonly db: Database;
  readonly pids: { readonly api: number; readonly postgres: number };
  /** Ends the worker: what is planned afterwards is planned by the bench alone. */
  stopWorker(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Durable Postgres, Temporal, API and worker, each a process. The bench starts API and worker itself, so that the API can be
 * given arguments of node (VOLLEY_BENCH_API_ARGS, say --cpu-prof) and nobody starts the worker again.
 */
export async function startIntakeStand(): Promise<IntakeStand> {
  const dataDir = mkdtempSync(join(tmpdir(), 'volley-bench-'));
  const stack = await startStack({
    dataDir,
    ...{ apiPort: 0, postgresPort: 0, temporalPort: 0, temporalUiPort: 0, namespace: 'default' },
    commandFor: () => ({ command: process.execPath, args: [] }),
    startProcesses: false,
    baseEnv: embeddedEnvironment({ ...process.env, VOLLEY_LOG_LEVEL: 'error' }, { dataDir }),
    migrate: async (env) => void (await runMigrate(env)),
    handleSignals: false,
  });
  const run = (name: string, args: readonly string[] = []): ChildProcess =>
    spawn(process.execPath, [...args, '--import', 'tsx', join(ROOT, 'src/cli.ts'), name], {
      env: stack.env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  const apiArgs = (process.env['VOLLEY_BENCH_API_ARGS'] ?? '').split(' ').filter((arg) => arg !== '');
  const api = run('api', apiArgs);
  const worker = run('worker');
  const db = openDatabase({ connectionString: stack.env['DATABASE_URL'] ?? '', poolSize: 2 });
  const close = async (): Promise<void> => {
    await Promise.all([ended(api), ended(worker)]);
    await db.close();
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    await eventually('API and worker are ready', async () => (await fetch(`${stack.urls.api}/readyz`)).ok);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    api: stack.urls.api,
    db,
    pids: { api: api.pid ?? 0, postgres: stack.pids().postgres ?? 0 },
    stopWorker: () => ended(worker),
    close,
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
