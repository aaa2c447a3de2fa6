import { type Client } from '@temporalio/client';
import { type Db } from '../../../src/ledger/database';
import { createLog } from '../../../src/runtime/log';
import { startRelay } from '../../../src/temporal/relay';
import { TEST_SETTINGS } from '../../support/engine';

test('every unfinished job is looked at in one round of the sweep, however many there are', async () => {
  const jobs = Array.from({ length: 450 }, (_, n) => ({ job_id: `job-${n}`, kind: 'bulk', version: 1 }));
  const waiting = [...jobs];
  const db = {
    query: async (text: string, values: readonly unknown[] = []) =>
      text.includes('swept_at') ? waiting.splice(0, Number(values[1])) : [],
  } as unknown as Db;
  const seen = new Set<string>();
  let done: () => void = () => undefined;
  const allSeen = new Promise<void>((resolve) => (done = resolve));
  const describe = async (id: string) => {
    seen.add(id);
    if (seen.size === jobs.length) done();
    return { status: { name: 'RUNNING' } };
  };
  const client = {
    withDeadline: (_deadline: number, work: () => Promise<unknown>) => work(),
    workflow: { getHandle: (id: string) => ({ describe: () => describe(id) }) },
  } as unknown as Client;
  const beganAtMs = Date.now();
  const relay = startRelay({ db, client, settings: TEST_SETTINGS, log: createLog('silent', 'api') });
  await allSeen;
  await relay.stop();
  // The pause between two rounds.
  expect(Date.now() - beganAtMs).toBeLessThan(5_000);
});
