import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noteRunningStack } from '../../../src/cli/running-stack';
import { fromCourierId, toCourierId } from '../../../src/domain/ids';
import { findKey } from '../../../src/ledger/keys';
import { SEEDED_WORKSPACE_ID } from '../../../src/service/seed-workspace';
import { startHttpSink } from '../../support/sinks/http-sink';
import { createAuditStand, type AuditStand } from '../audit/stand';
import { runCommand } from './run-command';

let stand: AuditStand;
let folder: string;
const volley = (...words: string[]) => runCommand({ DATABASE_URL: stand.database.url }, ...words);

beforeAll(async () => {
  stand = await createAuditStand();
  folder = mkdtempSync(join(tmpdir(), 'volley-cli-'));
});
afterAll(async () => {
  await stand?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A running job of two, the first sent through the webhook. */
async function runningJob(): Promise<{ given: string; jobId: string; ids: string[]; key: string }> {
  const { jobId: given } = await stand.post('/bulk', {
    message: { content: { title: 'Hi', body: 'Secret text' } },
  });
  const user = (id: string) => ({ to: { user_id: id, email: `${id}@private.example.test` } });
  await stand.post(`/bulk/${given}`, { users: ['ada', 'bo'].map(user) });
  await stand.post(`/bulk/${given}/run`);
  const jobId = fromCourierId(given) ?? '';
  const ids = await stand.messageIds(jobId);
  return { given, jobId, ids, key: await stand.deliver(jobId, ids[0] ?? '', { provider: 'webhook' }) };
}

test('keys create: the key works, is all that goes to standard output, and is kept only as its hash', async () => {
  const ran = await volley('keys', 'create', '--workspace', SEEDED_WORKSPACE_ID, '--name', 'ci');
  expect(ran.out).toMatch(/^vly_\S+$/);
  expect(ran.err).toContain('"ci"');
  expect(await findKey(stand.database.db, ran.out)).toMatchObject({ workspaceId: SEEDED_WORKSPACE_ID });
});

test('keys create: an unknown workspace, and an API that refuses, are one sentence', async () => {
  const unknown = await volley('keys', 'create', '--workspace', randomUUID());
  expect(unknown.error?.message).toMatch(/^This ledger has no workspace .*\.$/);
  const words = ['keys', 'create', '--workspace', SEEDED_WORKSPACE_ID, '--api', stand.url];
  expect((await runCommand({}, ...words)).error?.message).toMatch(/set VOLLEY_ADMIN_KEY\.$/);
  const wrong = await runCommand({ VOLLEY_ADMIN_KEY: 'not-the-admin-key-at-all' }, ...words);
  expect(wrong.error?.message).toContain(`${stand.url} refused (HTTP 4`);
});

test('job: status, pause, resume and cancel are in the ledger at once, for a job in either form of its id', async () => {
  const { given, jobId } = await runningJob();
  expect((await volley('job', 'status', jobId)).out).toContain('2 = 1 enqueued + 0 failures + 1 pending');
  const intent = async () =>
    (await stand.database.db.query('select paused, cancel_requested from jobs where id = $1', [jobId]))[0];
  expect((await volley('job', 'pause', given)).out).toContain('PROCESSING (bulk, running), paused');
  expect(await intent()).toEqual({ paused: true, cancel_requested: false });
  await volley('job', 'resume', jobId);
  expect(await intent()).toEqual({ paused: false, cancel_requested: false });
  expect((await volley('job', 'cancel', given)).out).toContain('cancelled');
  expect(await intent()).toEqual({ paused: false, cancel_requested: true });
  // Nobody is told from here: the relay finds the command in the outbox.
  const [row] = await stand.database.db.query(
    'select o.version = j.version as told from outbox o join jobs j on j.id = o.job_id where j.id = $1',
    [jobId],
  );
  expect(row).toEqual({ told: true });
  expect(JSON.parse((await volley('job', 'status', given, '--json')).out)).toMatchObject({
    id: jobId,
    received: 2,
  });
});

test('message show: state and timeline, without address or content', async () => {
  const { ids, given } = await runningJob();
  const said = ['550 <ada@private.example.test> no', ids[0]];
  await stand.database.db.query('update attempts set detail = $1 where message_id = $2', said);
  for (const extra of [[], ['--json']]) {
    const { out } = await volley('message', 'show', toCourierId(ids[0] ?? ''), ...extra);
    expect(out).toContain('sent');
    expect(out).toContain('webhook');
    expect(out).not.toMatch(/private\.example\.test|Secret text/);
  }
  expect((await volley('message', 'show', ids[1] ?? '')).out).toContain(`${given} (bulk, place 1)`);
});

/** A message whose one call was never answered. */
async function inDoubt(): Promise<{ jobId: string; messageId: string }> {
  const { jobId, ids } = await runningJob();
  const messageId = ids[1] ?? '';
  await stand.deliver(jobId, messageId, { provider: 'webhook', outcome: 'ambiguous' });
  return { jobId, messageId };
}
const end = (messageId: string) =>
  stand.tamper(
    `update message_states set state = 'uncertain', reason = 'in_doubt', wait_reason = null where message_id = $1`,
    [messageId],
  );
const standing = async (messageId: string) =>
  (
    await stand.database.db.query('select state, reason from message_states where message_id = $1', [
      messageId,
    ])
  )[0];

test.each([
  ['sent', { state: 'sent', reason: null }],
  ['delivered', { state: 'delivered', reason: null }],
  ['carrier_refused', { state: 'undelivered', reason: 'carrier_refused' }],
])(
  'message settle: what was in doubt is %s by hand, in state, timeline and counts',
  async (outcome, expected) => {
    const { jobId, messageId } = await inDoubt();
    const { out } = await volley('message', 'settle', messageId, outcome);
    expect(out).toMatch(new RegExp(`${expected.state}.*code by_hand`, 's'));
    expect(await standing(messageId)).toEqual(expected);
    const counts = (await volley('job', 'status', jobId)).out;
    expect(counts).toMatch(
      new RegExp(`states.*${expected.state === 'sent' ? '2 sent' : `1 ${expected.state}`}`),
    );
    await stand.settle(jobId);
    expect(await stand.audit(jobId)).toMatchObject({ ok: true });
  },
);

test('message settle: an uncertain message is settled once, by what is true of one, and nothing else is touched', async () => {
  const { jobId, messageId } = await inDoubt();
  await end(messageId);
  expect((await volley('message', 'settle', messageId, 'lost')).error?.message).toContain('sent, delivered');
  expect((await volley('message', 'settle', toCourierId(messageId), 'bounced')).error).toBeUndefined();
  expect(await standing(messageId)).toEqual({ state: 'undelivered', reason: 'bounced' });
  const again = await volley('message', 'settle', messageId, 'sent');
  expect(again.error?.message).toBe('The message is undelivered: there is nothing to settle by hand.');
  const left = await inDoubt();
  await end(left.messageId);
  await stand.tamper('update message_states set route = 1 where message_id = $1', [left.messageId]);
  expect((await volley('message', 'settle', left.messageId, 'delivered')).error?.message).toContain(
    'No call was made',
  );
  const [first = ''] = await stand.messageIds(jobId);
  expect((await volley('message', 'settle', first, 'bounced')).error?.message).toContain('is sent');
  expect((await volley('message', 'settle', randomUUID(), 'sent')).error?.message).toMatch(
    /^This ledger has no/,
  );
  const suppressed = await stand.database.db.query(`select 1 from suppressions`);
  expect(suppressed).toEqual([]);
});

test('audit: exits with 0 when all holds and with 1 when a check fails, with the receiver from a file or a URL', async () => {
  const { given, key } = await runningJob();
  const api = ['--api', stand.url, '--key', 'abcd'];
  const file = join(folder, 'sink.json');
  writeFileSync(file, JSON.stringify({ [key]: 1 }));
  const good = await volley('audit', given, ...api, '--sink', file);
  expect(good).toMatchObject({ exitCode: 0, error: undefined });
  expect(good.out).toMatch(/ok: \d+ checks hold$/);

  const sink = await startHttpSink({ answer: { body: JSON.stringify({ [key]: 5 }) } });
  const bad = await volley('audit', given, '--no-api', '--sink', `${sink.url}/counts`, '--json').finally(() =>
    sink.close(),
  );
  expect(bad).toMatchObject({ exitCode: 1, error: undefined });
  expect(JSON.parse(bad.out)).toMatchObject({ ok: false });

  const unasked = await volley('audit', given);
  expect(unasked).toMatchObject({ exitCode: 0 });
  expect(unasked.out).toContain('no API was asked');
  writeFileSync(file, '["no counts"]');
  expect((await volley('audit', given, '--sink', file)).error?.message).toMatch(/holds no counts: .*\.$/);
});

test('audit: the API of a stack that runs beside is asked about its own ledger, and about no other', async () => {
  const { given } = await runningJob();
  mkdirSync(join(folder, 'run'), { recursive: true });
  const audit = (databaseUrl: string, api: string) => {
    noteRunningStack(folder, { urls: { api, temporal: '' }, env: { DATABASE_URL: databaseUrl } });
    return runCommand({ DATABASE_URL: stand.database.url, VOLLEY_DATA_DIR: folder }, 'audit', given);
  };
  const other = await audit('postgres://another/ledger', 'http://127.0.0.1:1');
  expect(other).toMatchObject({ exitCode: 0, error: undefined });
  expect(other.out).toContain('no API was asked');
  const own = await audit(stand.database.url, stand.url);
  expect(own).toMatchObject({ exitCode: 0, error: undefined });
  expect(own.out).not.toContain('no API was asked');
});

test('audit: a failed check shows its numbers and the ids of what is wrong, and no address', async () => {
  const { jobId, ids } = await runningJob();
  await stand.tamper('delete from attempts where message_id = $1', [ids[0]]);
  const { out, exitCode } = await volley('audit', jobId);
  expect(exitCode).toBe(1);
  expect(out).toMatch(new RegExp(`FAILED +ledger +1 sent messages +.*\\n +1 wrong: ${ids[0]}`));
  expect(out).not.toContain('private.example.test');
});

test.each([
  [['job', 'status', 'nonsense']],
  [['job', 'cancel', randomUUID()]],
  [['message', 'show', randomUUID()]],
  [['audit', randomUUID()]],
  [['reconcile', randomUUID()]],
])('%j: what is not there is one sentence', async (words) => {
  const { error, exitCode } = await volley(...words);
  expect(error?.message).toMatch(/^This ledger has no (job|message) \S+\.$/);
  expect(exitCode).toBe(1);
});

test.each([
  [['job', 'status', randomUUID()]],
  [['message', 'show', randomUUID()]],
  [['audit', randomUUID()]],
  [['keys', 'create', '--workspace', randomUUID()]],
  [['reconcile', randomUUID()]],
])('%j: no stack to be reached is one sentence that says what to do, without the password', async (words) => {
  const none = await runCommand({}, ...words);
  expect(none.error?.message).toMatch(
    /^No Volley runs on \S+: start it \(volley start\), or set DATABASE_URL .*\.$/,
  );
  const away = await runCommand({ DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/x' }, ...words);
  expect(away.error?.message).toMatch(/^The ledger cannot be reached: .*\.$/);
  expect(away.error?.message).not.toContain('secret');
});
