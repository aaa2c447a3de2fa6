import { suppress } from '../../src/ledger/suppressions';
import { changeWorkspaceSettings } from '../../src/ledger/workspaces';
import { sandboxChannelId } from '../../src/service/seed-workspace';
import { DAY, HOUR, MINUTE, SECOND, startStage, WORKSPACE, type Stage } from './stage';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

const EMAIL = sandboxChannelId(WORKSPACE, 'email');
const mail = (email: string, more: object = {}) => ({
  ...{ id: email, recipient: { id: email, idGenerated: false, addresses: { email }, ...more } },
});
const set = (change: Record<string, unknown>) =>
  stage.db.transaction((tx) => changeWorkspaceSettings(tx, WORKSPACE, change));
/** `HH:MM` UTC, so many ms after the stage's clock. */
const clockIn = async (ms: number): Promise<string> =>
  new Date((await stage.nowMs()) + ms).toISOString().slice(11, 16);
const timeline = async (messageId: string) =>
  stage.engine.service.readTimeline(stage.db, { workspaceId: WORKSPACE, messageId });

describe('quiet hours', () => {
  afterEach(() => set({ quietHours: null, holdoutPercent: null }));

  test('a bulk message waits for their end, parked, and is then sent', async () => {
    const startMs = await stage.nowMs();
    await set({ quietHours: { start: await clockIn(-HOUR), end: await clockIn(3 * HOUR) } });
    const jobId = await stage.fill(['a', 'b']);
    await stage.command(jobId, 'run');
    await stage.until('they wait', async () =>
      (await stage.messages(jobId)).every(({ waitReason }) => waitReason === 'quiet_hours'),
    );
    expect(await stage.states(jobId)).toEqual(['waiting', 'waiting']);
    await stage.finish('bulk', jobId);
    const [first] = await stage.messages(jobId);
    expect(first?.state).toBe('sent');
    const [attemptMs = 0] = await stage.attemptsAt(first?.messageId ?? '');
    expect(attemptMs - startMs).toBeGreaterThan(3 * HOUR - 2 * MINUTE);
    expect(attemptMs - startMs).toBeLessThan(3 * HOUR + 10 * MINUTE);
  });

  test('all gates are asked again when they end: who unsubscribed meanwhile is skipped', async () => {
    await set({ quietHours: { start: await clockIn(-HOUR), end: await clockIn(2 * HOUR) } });
    const { batchId, messageIds } = await stage.batch([mail('w1@x.test'), mail('w2@x.test')], {
      channelId: EMAIL,
    });
    const [stays = '', leaves = ''] = messageIds;
    await stage.until('both wait', async () =>
      (await Promise.all(messageIds.map((id) => stage.message(id)))).every(
        (it) => it.waitReason === 'quiet_hours',
      ),
    );
    await stage.db.transaction((tx) =>
      suppress(tx, {
        ...{
          workspaceId: WORKSPACE,
          kind: 'email',
          address: 'w2@x.test',
          reason: 'unsubscribed',
          source: 'test',
        },
      }),
    );
    await stage.finish('batch', batchId);
    expect(await stage.message(stays)).toMatchObject({ state: 'sent' });
    expect(await stage.message(leaves)).toMatchObject({ state: 'skipped', reason: 'unsubscribed' });
    expect(await stage.attemptsAt(leaves)).toEqual([]);
  });

  test('a message that ignores them goes at once', async () => {
    const startMs = await stage.nowMs();
    await set({ quietHours: { start: await clockIn(-HOUR), end: await clockIn(2 * HOUR) } });
    const { batchId, messageIds } = await stage.batch(
      [{ ...mail('i@x.test'), gates: { ignoreQuietHours: true } }],
      {
        channelId: EMAIL,
      },
    );
    await stage.finish('batch', batchId);
    expect(await stage.message(messageIds[0] ?? '')).toMatchObject({ state: 'sent' });
    const [attemptMs = Infinity] = await stage.attemptsAt(messageIds[0] ?? '');
    expect(attemptMs - startMs).toBeLessThan(MINUTE);
  });
});

test('a delay counts from the run, and a time-out that is shorter ends it', async () => {
  const jobId = await stage.fill(['a', { id: 'b', gates: { validForMs: MINUTE } }], {
    spec: { gates: { delay: { durationMs: 2 * DAY } } },
  });
  await stage.sleep(HOUR);
  const runMs = await stage.nowMs();
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  const [late, expired] = await stage.messages(jobId);
  expect(expired).toMatchObject({ state: 'skipped', reason: 'expired' });
  expect(late?.state).toBe('sent');
  const [attemptMs = 0] = await stage.attemptsAt(late?.messageId ?? '');
  expect(attemptMs - runMs).toBeGreaterThan(2 * DAY - SECOND);
  expect(attemptMs - runMs).toBeLessThan(2 * DAY + 10 * MINUTE);
});

test('an address that bounced hard gets nothing more', async () => {
  const bouncing = 'bounce@sandbox.volley.test';
  const first = await stage.batch([mail(bouncing)], { channelId: EMAIL });
  await stage.finish('batch', first.batchId);
  expect(await stage.message(first.messageIds[0] ?? '')).toMatchObject({
    state: 'undelivered',
    reason: 'bounced',
  });
  const second = await stage.batch([mail(bouncing)], { channelId: EMAIL });
  await stage.finish('batch', second.batchId);
  expect(await stage.message(second.messageIds[0] ?? '')).toMatchObject({
    state: 'skipped',
    reason: 'suppressed',
  });
  expect(await stage.attemptsAt(second.messageIds[0] ?? '')).toEqual([]);
});

test('a suppressed cc is dropped, and the timeline says how many and not who', async () => {
  const dead = 'dead.cc@x.test';
  await stage.db.transaction((tx) =>
    suppress(tx, {
      ...{ workspaceId: WORKSPACE, kind: 'email', address: dead, reason: 'complaint', source: 'test' },
    }),
  );
  const { batchId, messageIds } = await stage.batch(
    [mail('to@x.test', { cc: [dead, 'fine@x.test'], bcc: [dead] })],
    {
      channelId: EMAIL,
    },
  );
  await stage.finish('batch', batchId);
  const events = await timeline(messageIds[0] ?? '');
  expect(events.filter(({ type }) => type === 'recipient_dropped').map(({ data }) => data)).toEqual([
    { kind: 'email', role: 'cc', count: 1 },
    { kind: 'email', role: 'bcc', count: 1 },
  ]);
  expect(JSON.stringify(events)).not.toContain(dead);
  expect(await stage.message(messageIds[0] ?? '')).toMatchObject({ state: 'sent' });
});

test('the first address that is left is written to', async () => {
  await stage.db.transaction((tx) =>
    suppress(tx, {
      ...{ workspaceId: WORKSPACE, kind: 'email', address: 'gone@x.test', reason: 'manual', source: 'test' },
    }),
  );
  const { batchId, messageIds } = await stage.batch([mail('gone@x.test', { alsoTo: ['next@x.test'] })], {
    channelId: EMAIL,
  });
  await stage.finish('batch', batchId);
  const got = await stage.db.query('select address from sandbox_deliveries where message_id = $1', [
    messageIds[0],
  ]);
  expect(got).toEqual([{ address: 'next@x.test' }]);
});
