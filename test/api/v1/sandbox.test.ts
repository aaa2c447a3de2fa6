import { randomUUID } from 'node:crypto';
import { createSandboxLog } from '../../../src/ledger/sandbox-deliveries';
import { type SandboxEntry, type SandboxLog } from '../../../src/providers/sandbox';
import { type Stand } from '../framework/setup';
import { createV1Stand } from './setup';

let stand: Stand;
let log: SandboxLog;
beforeAll(async () => {
  stand = await createV1Stand();
  log = createSandboxLog(stand.database.db);
});
afterAll(() => stand.close());

const entry = (over: Partial<SandboxEntry> = {}): SandboxEntry => ({
  ...{ key: randomUUID(), workspaceId: stand.workspaceId, channelId: randomUUID(), messageId: randomUUID() },
  ...{
    deliveryId: randomUUID(),
    kind: 'email',
    address: 'a@example.com',
    attempt: 1,
    text: 'Hello',
    atMs: 1_767_225_600_123,
  },
  ...over,
});
const page = (query = '') =>
  stand.call('GET', `/v1/workspaces/${stand.workspaceId}/sandbox/deliveries${query}`);
const rowOf = async (key: string) =>
  (await page('?limit=100')).json.deliveries.find((each: { key: string }) => each.key === key);
const dedupe = { deduplicate: true, counted: false };

test('a sandbox that deduplicates accepts a key once and counts every call', async () => {
  const given = entry({ title: 'T', html: '<p>' });
  expect(await log.record(given, dedupe)).toEqual({ firstTime: true });
  expect(await log.record({ ...given, attempt: 2 }, dedupe)).toEqual({ firstTime: false });
  expect(await rowOf(given.key)).toMatchObject({
    acceptedCount: 1,
    callCount: 2,
    title: 'T',
    html: '<p>',
    at: '2026-01-01T00:00:00.123Z',
  });
});

test('one that does not shows the duplicate: that is what it is for', async () => {
  const given = entry();
  await log.record(given, { deduplicate: false, counted: false });
  expect(await log.record({ ...given, attempt: 2 }, { deduplicate: false, counted: false })).toEqual({
    firstTime: false,
  });
  expect(await rowOf(given.key)).toMatchObject({ acceptedCount: 2, callCount: 2, attempt: 2 });
});

test('a call that was only counted is accepted by a later one', async () => {
  const given = entry();
  expect([await log.countCall(given), await log.countCall(given)]).toEqual([1, 2]);
  expect(await rowOf(given.key)).toMatchObject({ acceptedCount: 0, callCount: 2 });
  expect(await log.record(given, { deduplicate: true, counted: true })).toEqual({ firstTime: true });
  expect(await rowOf(given.key)).toMatchObject({ acceptedCount: 1, callCount: 2 });
});

test('many workers at once: one acceptance, every call counted', async () => {
  const given = entry();
  const results = await Promise.all(Array.from({ length: 20 }, () => log.record(given, dedupe)));
  expect(results.filter(({ firstTime }) => firstTime)).toHaveLength(1);
  expect(await rowOf(given.key)).toMatchObject({ acceptedCount: 1, callCount: 20 });
});

test('pages go back in time without gap or repetition, whatever arrives meanwhile', async () => {
  const messageId = randomUUID();
  for (let i = 0; i < 5; i += 1) await log.record(entry({ messageId, text: String(i) }), dedupe);
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { json } = await page(`?limit=2&messageId=${messageId}${cursor ? `&cursor=${cursor}` : ''}`);
    seen.push(...json.deliveries.map((each: { text: string }) => each.text));
    expect(json.deliveries.length).toBeLessThanOrEqual(2);
    cursor = json.cursor;
    await log.record(entry({ messageId, text: 'later' }), dedupe);
  }
  expect(seen).toEqual(['4', '3', '2', '1', '0']);
});

test("another workspace's are not shown", async () => {
  const foreign = entry({ workspaceId: randomUUID() });
  await log.record(foreign, dedupe);
  expect(await rowOf(foreign.key)).toBeUndefined();
});

test.each([
  'limit=0',
  'limit=101',
  'limit=-1',
  'limit=1.5',
  'limit=many',
  'cursor=abc',
  'cursor=0',
  'cursor=99999999999999999',
  'messageId=7',
])('%s is 400 and named', async (query) => {
  const answer = await page(`?${query}`);
  expect([answer.status, answer.json.errors[0].at]).toEqual([400, `query.${query.split('=')[0]}`]);
});
