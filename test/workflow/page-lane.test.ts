import { v7 as uuidv7 } from 'uuid';
import { insertChannel } from '../../src/ledger/channels';
import { suppress } from '../../src/ledger/suppressions';
import { startHttpSink } from '../support/sinks/http-sink';
import { workflowIds } from '../../workflows/contract';
import { HOUR, people, SECOND, startStage, WORKSPACE, type Stage, type Who } from './stage';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ rules: { pageShardSize: 100, pageCalls: 10 } });
});
afterAll(() => stage?.close());
beforeEach(() => stage.sink.reset());

const paged = (who: readonly Who[]) => stage.fill(who, { fanOut: 'page' });
const callsOf = (id: string | undefined) =>
  stage.sink.requests.filter(({ recipientId }) => recipientId === id).length;
const sent = async (jobId: string) => (await stage.job(jobId)).counts.sent;

/** The sink answers nobody until it is let go. */
function holdAnswers(): () => void {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  stage.sink.answer(async () => {
    await held;
    return {};
  });
  return release;
}

test('each recipient of several page shards gets one call, and no workflow of its own', async () => {
  const jobId = await paged(people(350));
  await stage.command(jobId, 'run');
  expect(await stage.finish('bulk', jobId)).toEqual({
    ...{ status: 'COMPLETED', received: 350, enqueued: 350, failures: 0 },
  });
  expect(stage.sink.totals()).toMatchObject({ keys: 350, accepted: 350, duplicated: 0, lost: 0 });
  expect(new Set(await stage.states(jobId))).toEqual(new Set(['sent']));
  const [first] = await stage.messages(jobId);
  const child = stage.client.workflow.getHandle(workflowIds.message('bulk', first?.messageId ?? ''));
  await expect(child.describe()).rejects.toThrow();
});

test('never more calls of a shard are under way than may be in doubt', async () => {
  let under = 0;
  let most = 0;
  stage.sink.answer(async () => {
    most = Math.max(most, (under += 1));
    await new Promise((resolve) => setTimeout(resolve, 5));
    under -= 1;
    return {};
  });
  const jobId = await paged(people(100));
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  expect(most).toBeGreaterThan(1);
  // A job this small is cut into two shards, which deliver at once.
  expect(most).toBeLessThanOrEqual(2 * 10);
});

test('messages with files go out from a page too, each with its own', async () => {
  const files = await startHttpSink();
  const sandboxId = uuidv7();
  await insertChannel(stage.db, {
    ...{
      id: sandboxId,
      workspaceId: WORKSPACE,
      kind: 'email',
      provider: 'sandbox',
      name: 'mail',
      settings: {},
    },
  });
  try {
    const attachments = [{ url: `${files.url}/terms.pdf`, filename: 'terms.pdf' }];
    const content = { title: 'Terms', text: 'Hello', interpolate: false, attachments };
    const mailed = people(20).map((id) => ({
      id,
      recipient: { id, idGenerated: false, addresses: { email: `${id}@x.example` } },
    }));
    const jobId = await stage.fill(mailed, { fanOut: 'page', spec: { content, route: ['email'] } });
    await stage.command(jobId, 'run');
    expect(await stage.finish('bulk', jobId)).toMatchObject({ status: 'COMPLETED', enqueued: 20 });
    expect(new Set(await stage.states(jobId))).toEqual(new Set(['sent']));
    expect(files.requests).toHaveLength(20);
  } finally {
    await files.close();
    await stage.db.query('update channels set enabled = false where id = $1', [sandboxId]);
  }
});

test('a short backoff is waited for in the page, a long one is parked and planned again when due', async () => {
  stage.sink.answer(({ recipientId }) => {
    if (callsOf(recipientId) > 1) return {};
    if (recipientId === 'u1') return { status: 503 };
    return recipientId === 'u2' ? { status: 503, headers: { 'retry-after': '3600' } } : {};
  });
  const jobId = await paged(people(5));
  await stage.command(jobId, 'run');
  await stage.until('four are sent', async () => (await sent(jobId)) === 4);
  const [, soon, late] = await stage.messages(jobId);
  expect(soon?.state).toBe('sent');
  expect(late).toMatchObject({ state: 'waiting', waitReason: 'retry_after' });
  await stage.finish('bulk', jobId);
  const [firstMs = 0, secondMs = 0] = await stage.attemptsAt(late?.messageId ?? '');
  expect(secondMs - firstMs).toBeGreaterThanOrEqual(HOUR - SECOND);
  expect(stage.sink.totals()).toMatchObject({ accepted: 5, duplicated: 0 });
  expect(stage.sink.requests).toHaveLength(7);
});

test('the gates are asked in a page too: one who unsubscribed before the claim gets nothing', async () => {
  await stage.db.transaction((tx) =>
    suppress(tx, {
      ...{ workspaceId: WORKSPACE, kind: 'webhook', address: 'gone', source: 'test' },
      reason: 'unsubscribed',
    }),
  );
  const jobId = await paged(['g0', 'g1', 'g2', 'gone', 'g4', 'g5']);
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  const states = (await stage.messages(jobId)).map(({ state, reason }) => [state, reason]);
  expect(states.filter(([state]) => state === 'sent')).toHaveLength(5);
  expect(states[3]).toEqual(['skipped', 'unsubscribed']);
  expect(stage.sink.requests.map(({ recipientId }) => recipientId)).not.toContain('gone');
});

test('one who unsubscribes while calls before theirs are under way gets nothing, and everybody with them gets theirs', async () => {
  const release = holdAnswers();
  const jobId = await paged(people(100).map((id) => `mid-${id}`));
  await stage.command(jobId, 'run');
  await stage.until('all slots are taken', () => Promise.resolve(stage.sink.requests.length === 2 * 10));
  await stage.db.transaction((tx) =>
    suppress(tx, {
      ...{ workspaceId: WORKSPACE, kind: 'webhook', address: 'mid-u30', source: 'test' },
      reason: 'unsubscribed',
    }),
  );
  release();
  await stage.finish('bulk', jobId);
  const states = await stage.messages(jobId);
  expect(states.filter(({ state }) => state === 'sent')).toHaveLength(99);
  expect(states[30]).toMatchObject({ state: 'skipped', reason: 'unsubscribed' });
  expect(stage.sink.totals()).toMatchObject({ keys: 99, accepted: 99, duplicated: 0 });
});

test('a frequency cap holds in a page as exactly as outside', async () => {
  const twice: Who[] = ['c1', 'c2'].flatMap((id) => [
    { id: `${id}-a`, recipient: capped(id), gates: { capFrequency: true } },
    { id: `${id}-b`, recipient: capped(id), gates: { capFrequency: true } },
  ]);
  const jobId = await paged(twice);
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  const states = await stage.states(jobId);
  expect(states.filter((state) => state === 'sent')).toHaveLength(2);
  expect(states.filter((state) => state === 'skipped')).toHaveLength(2);
});

const capped = (id: string) => ({ id, idGenerated: false, addresses: {} });

test('after a pause commits no attempt begins, and a resume sends the rest', async () => {
  const release = holdAnswers();
  const jobId = await paged(people(100));
  await stage.command(jobId, 'run');
  await stage.sink.waitFor(10);
  await stage.command(jobId, 'pause');
  const begun = (await stage.job(jobId)).counts.sending;
  release();
  await stage.until(
    'what was under way has ended',
    async () => (await stage.job(jobId)).counts.sending === 0,
  );
  await stage.observed(jobId);
  expect(await sent(jobId)).toBe(begun);
  expect((await stage.job(jobId)).counts.pending).toBe(100 - begun);
  await stage.command(jobId, 'resume');
  await stage.finish('bulk', jobId);
  expect(stage.sink.totals()).toMatchObject({ keys: 100, accepted: 100, duplicated: 0 });
});

test('a cancel leaves what was begun to end and settles the rest as canceled', async () => {
  const release = holdAnswers();
  const jobId = await paged(people(100));
  await stage.command(jobId, 'run');
  await stage.sink.waitFor(10);
  await stage.command(jobId, 'cancel');
  await stage.until('nothing waits any more', async () => (await stage.job(jobId)).counts.pending === 0);
  release();
  await stage.finish('bulk', jobId);
  const { counts } = await stage.job(jobId);
  expect(counts.sent + counts.canceled).toBe(100);
  expect(stage.sink.totals().accepted).toBe(counts.sent);
});

test('a rate limit is kept over the shards of a job: no second sees more than the limit and its burst', async () => {
  await stage.addWebhook('limited', { priority: 0, ratePerSecond: 40 });
  const jobId = await paged(people(100));
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  const rows = await stage.db.query<{ at: number }>(
    `select extract(epoch from a.started_at)::float8 * 1000 as at from attempts a join messages m on m.id = a.message_id
     where m.job_id = $1 order by a.started_at`,
    [jobId],
  );
  const times = rows.map((row) => row.at);
  expect(times).toHaveLength(100);
  const inSecondFrom = (from: number) => times.filter((at) => at >= from && at < from + SECOND).length;
  expect(Math.max(...times.map(inSecondFrom))).toBeLessThanOrEqual(44);
  await stage.db.query(`update channels set enabled = false where name = 'limited'`);
});

test('words that the ledger cannot keep stop neither their message nor the group that it is in', async () => {
  const templateId = uuidv7();
  const text = `Hello {% if data.odd %}{{ "%00" | url_decode }}{% endif %}`;
  await stage.db.query('insert into templates (id, workspace_id, slug) values ($1, $2, $3)', [
    ...[templateId, WORKSPACE, 'odd'],
  ]);
  await stage.db.query(
    `insert into template_versions (id, template_id, number, content, published_at) values ($1, $2, 1, $3, now())`,
    [uuidv7(), templateId, { defaultLocale: 'en', locales: { en: { default: { title: 'Hi', text } } } }],
  );
  const jobId = await stage.fill([{ id: 'odd', data: { odd: true } }, 'ann', 'ben'], {
    ...{ fanOut: 'page', spec: { template: { id: 'odd' }, content: undefined as never } },
  });
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  expect(await stage.states(jobId)).toEqual(['sent', 'sent', 'sent']);
  const kept = await stage.db.query<{ outputs: number }>(
    `select count(d.words)::int as outputs from deliveries d join messages m on m.id = d.message_id where m.job_id = $1`,
    [jobId],
  );
  expect(kept).toEqual([{ outputs: 2 }]);
});
