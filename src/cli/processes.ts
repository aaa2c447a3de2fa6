import { setTimeout } from 'node:timers/promises';
import { migrate } from '../ledger/migrate';
import { openDatabase } from '../ledger/database';
import { seedEmbedded } from '../service/seed-workspace';
import { lazyClient } from '../temporal/connect';
import { registerSearchAttributes } from '../temporal/search-attributes';
import { readConfig } from '../runtime/config';
import { exitWithParent } from '../runtime/embedded/exit-with-parent';
import { startApi } from '../runtime/processes/api';
import { startWorker } from '../runtime/processes/worker';
import { printError } from './print-error';
import { stopRequested } from './stop-requested';

/** `volley api`: the HTTP side, until SIGTERM. */
export async function runApi(): Promise<void> {
  exitWithParent();
  const server = await startApi(readConfig(process.env));
  await stopRequested();
  await server.close();
}

/**
 * `volley worker`: every task queue, the relay and the sweep, until SIGTERM. When one of its queues has failed for good (the server
 * refused its polls for a minute, a thread died) the process ends with 1: whoever supervises it starts it again, and half a
 * worker that lives on would be started by nobody.
 */
export async function runWorker(): Promise<void> {
  exitWithParent();
  const worker = await startWorker(readConfig(process.env)).catch(endWith);
  try {
    await Promise.race([stopRequested(), worker.ended]);
    await worker.stop();
  } catch (error) {
    // The other queues' attempts end first, so that none is in doubt.
    await Promise.race([worker.drain(), setTimeout(DRAIN_MS)]);
    endWith(error);
  }
}

/** As long as compose leaves a worker that it stops. */
const DRAIN_MS = 30_000;

function endWith(error: unknown): never {
  printError(error);
  process.exit(1);
}

/**
 * `volley migrate`: schema and search attributes. Safe to run at every start, by any number of processes.
 * @throws OperatorError where Postgres or Temporal is away, or refuses.
 */
export async function runMigrate(env: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  const config = readConfig(env);
  const applied = await migrate(config.databaseUrl);
  if (config.engine.searchAttributes) {
    const client = lazyClient(config.temporal, config.keys);
    try {
      await registerSearchAttributes(client, config.temporal.namespace);
    } finally {
      await client.connection.close();
    }
  }
  if (config.embedded) {
    const db = openDatabase({ connectionString: config.databaseUrl, poolSize: 2 });
    try {
      await seedEmbedded(db, { embedded: true });
    } finally {
      await db.close();
    }
  }
  return applied;
}
