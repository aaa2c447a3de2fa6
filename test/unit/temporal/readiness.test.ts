import express from 'express';
import { Registry } from 'prom-client';
import { createOperationsRouter } from '../../../api/operations/health';
import { startServer } from '../../../api/server';
import { openDatabase, type Database } from '../../../src/ledger/database';
import { readConfig } from '../../../src/runtime/config';
import { readinessChecks } from '../../../src/runtime/processes/readiness';
import { lazyClient } from '../../../src/temporal/connect';
import { createOldDatabase } from '../../support/database';

/** Nobody listens on port 1. */
const config = readConfig({
  DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/x',
  TEMPORAL_ADDRESS: '127.0.0.1:1',
  VOLLEY_ENCRYPTION_KEY: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
});
const client = lazyClient(config.temporal, config.keys);
const asked = jest.spyOn(client, 'withDeadline');
afterAll(async () => {
  // The driver tries again beyond its deadline, and throws where the channel is gone meanwhile.
  await Promise.allSettled(asked.mock.results.map(({ value }) => value as Promise<unknown>));
  await client.connection.close();
});

/** What GET /readyz says of each check. */
async function told(db: Database): Promise<Record<string, string | undefined>> {
  const app = express().use(createOperationsRouter(readinessChecks({ db, client, config }), new Registry()));
  const server = await startServer({ app, host: '127.0.0.1', port: 0 });
  const answer = await fetch(`http://127.0.0.1:${server.port}/readyz`);
  const { checks } = (await answer.json()) as { checks: { name: string; message?: string }[] };
  await server.close();
  return Object.fromEntries(checks.map(({ name, message }) => [name, message]));
}

test('a database that is away is not said to be behind, and all that asks Temporal says what to look at', async () => {
  const db = openDatabase({ connectionString: config.databaseUrl, poolSize: 1 });
  const away =
    'Temporal does not answer, or the namespace does not exist: check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.';
  expect(await told(db)).toEqual({
    database: 'The database does not answer, or refuses: check DATABASE_URL.',
    temporal: away,
    'search attributes': away,
    worker: away,
  });
  await db.close();
});

test('a ledger of an older version is said to be behind, and so is one that was never migrated', async () => {
  const old = await createOldDatabase('0015');
  const behind = 'The schema is behind: run `volley migrate`.';
  expect((await told(old.db))['database']).toBe(behind);
  await old.db.query('drop table volley_migrations');
  expect((await told(old.db))['database']).toBe(behind);
  await old.drop();
});
