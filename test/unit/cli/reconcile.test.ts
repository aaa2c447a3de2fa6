import { createLoadIntent } from '../../../activities/load-intent';
import { fromCourierId } from '../../../src/domain/ids';
import { clearSuspension, readSuspension } from '../../../src/ledger/reconcile';
import { createAuditStand, type AuditStand } from '../audit/stand';
import { runCommand } from './run-command';

/** What a workflow had seen before an older copy of the ledger was put in place. */
const SEEN = 40;
let stand: AuditStand;
beforeAll(async () => {
  stand = await createAuditStand();
});
afterAll(() => stand?.close());

/** A running job of one whose workflow has just come back with more than this ledger knows. */
async function suspendedJob(): Promise<{ jobId: string; messageId: string }> {
  const { jobId: given } = await stand.post('/bulk', {
    message: { content: { title: 'Hi', body: 'Hello' } },
  });
  await stand.post(`/bulk/${given}`, { users: [{ recipient: 'ada' }] });
  await stand.post(`/bulk/${given}/run`);
  const jobId = fromCourierId(given) ?? '';
  const loadIntent = createLoadIntent({ db: stand.database.db });
  const intent = await loadIntent({ v: 1, jobId, fresh: false, observed: SEEN });
  expect(intent.paused).toBe(true);
  const [messageId = ''] = await stand.messageIds(jobId);
  return { jobId, messageId };
}

test('nothing is sent while a job is suspended, and reconcile lets it go on for good', async () => {
  const { jobId, messageId } = await suspendedJob();
  const { db, url } = stand.database;
  await expect(stand.deliver(jobId, messageId, { provider: 'sandbox' })).rejects.toThrow('paused');
  const ran = await runCommand({ DATABASE_URL: url }, 'reconcile', jobId);
  expect(ran.out).toMatch(/suspended +ledger_older/);
  expect(ran.out).toContain('It goes on');
  // The very workflow that had seen more looks again, and is content.
  const intent = await createLoadIntent({ db })({ v: 1, jobId, fresh: false, observed: SEEN });
  expect(intent.paused).toBe(false);
  await stand.deliver(jobId, messageId, { provider: 'sandbox' });
  await stand.settle(jobId);
  expect((await stand.audit(jobId)).ok).toBe(true);
});

test('its version is beyond all that the workflow has seen, and the relay is told: the workflow wakes for it', async () => {
  const { jobId } = await suspendedJob();
  const { db } = stand.database;
  const version = (await db.transaction((tx) => clearSuspension(tx, jobId))) ?? 0;
  expect(version).toBeGreaterThan(SEEN);
  const [row] = await db.query(
    'select version, next_at <= ledger_now() as due from outbox where job_id = $1',
    [jobId],
  );
  expect(row).toEqual({ version, due: true });
});

test('a dry run and a job that is not suspended change nothing', async () => {
  const { jobId } = await suspendedJob();
  const { db, url } = stand.database;
  const before = await readSuspension(db, jobId);
  expect(before).toMatchObject({
    suspended: 'ledger_older',
    unsettled: 1,
    openAttempts: 0,
    states: { pending: 1 },
  });
  expect((await runCommand({ DATABASE_URL: url }, 'reconcile', jobId, '--dry-run')).out).toContain(
    'Still suspended',
  );
  expect(await readSuspension(db, jobId)).toEqual(before);
  await db.transaction((tx) => clearSuspension(tx, jobId));
  const after = await readSuspension(db, jobId);
  expect(await db.transaction((tx) => clearSuspension(tx, jobId))).toBeUndefined();
  expect((await runCommand({ DATABASE_URL: url }, 'reconcile', jobId)).out).toContain('nothing to reconcile');
  expect(await readSuspension(db, jobId)).toEqual(after);
});
