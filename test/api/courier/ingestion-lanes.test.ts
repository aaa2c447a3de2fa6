import { fromCourierId } from '../../../src/domain/ids';
import { openDatabase } from '../../../src/ledger/database';
import { type Stand } from '../framework/setup';
import { createCourierStand, createJob } from './setup';

let stand: Stand;
beforeAll(async () => (stand = await createCourierStand()));
afterAll(() => stand.close());

/** More than the stand has connections. */
const CALLS = 30;

test('many ingestions into one job leave the connections to other calls, and to the answers that were kept', async () => {
  const [jobId, otherId] = [await createJob(stand), await createJob(stand)];
  const add = (id: string, recipient: string, key = recipient) =>
    stand.call('POST', `/bulk/${id}`, {
      body: { users: [{ recipient }] },
      headers: { 'idempotency-key': key },
    });
  const first = await add(jobId, 'first');
  const outside = openDatabase({ connectionString: stand.database.url, poolSize: 2 });
  const waiting = async () => {
    const [row] = await outside.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return row?.n;
  };
  const calls: ReturnType<typeof add>[] = [];
  await outside.transaction(async (tx) => {
    await tx.query('select 1 from jobs where id = $1 for update', [fromCourierId(jobId)]);
    for (let n = 0; n < CALLS; n += 1) calls.push(add(jobId, `user-${n}`));
    while ((await waiting()) !== 2);
    const others = await Promise.all([
      ...Array.from({ length: 20 }, () => stand.call('GET', `/bulk/${jobId}`)),
      add(otherId, 'elsewhere'),
    ]);
    expect(others.map(({ status }) => status)).toEqual(Array(21).fill(200));
    const again = await add(jobId, 'first');
    expect([again.json, again.headers.get('idempotent-replayed')]).toEqual([first.json, 'true']);
    expect(await waiting()).toBe(2);
  });
  await outside.close();
  for (const call of calls) expect(await call).toMatchObject({ status: 200, json: { total: 1 } });
  expect((await stand.call('GET', `/bulk/${jobId}`)).json.job.received).toBe(CALLS + 1);
});
