import { randomUUID } from 'node:crypto';
import { apiChecks } from '../../../src/audit/api-checks';
import { findAuditedJob } from '../../../src/audit/audited-job';
import { openLedgerReader, type LedgerReader } from '../../../src/audit/snapshot';
import { fromCourierId } from '../../../src/domain/ids';
import { createLocalClient, type LocalClient } from '../../../src/runtime/local-client';
import { SEEDED_CHANNEL_ID, SEEDED_WORKSPACE_ID } from '../../../src/service/seed-workspace';
import { createAuditStand, type AuditStand } from './stand';

const USERS = 230;
let stand: AuditStand;
let bulk: string;
let batch: string;
let client: LocalClient;

beforeAll(async () => {
  stand = await createAuditStand();
  client = createLocalClient({ url: stand.url, key: 'abcd' });
  const created = await stand.post('/bulk', { message: { content: { title: 'Hi', body: 'Hello' } } });
  const users = Array.from({ length: USERS }, (_, n) => ({ recipient: `u${n}` }));
  await stand.post(`/bulk/${created.jobId}`, { users });
  await stand.post(`/bulk/${created.jobId}/run`);
  bulk = fromCourierId(created.jobId) ?? '';
  const path = `/workspaces/${SEEDED_WORKSPACE_ID}/channels/${SEEDED_CHANNEL_ID}/batch/messages`;
  const body = { type: 'text', text: { text: 'Hello' } };
  const contacts = (n: number) => [{ identifierValue: `u${n}@example.test` }];
  const messageRequests = [1, 2, 3].map((n) => ({ receiver: { contacts: contacts(n) }, body }));
  const accepted = (await stand.post(path, { messageRequests })) as unknown as {
    batchId?: string;
    id?: string;
  };
  batch = accepted.batchId ?? accepted.id ?? '';
  for (const jobId of [bulk, batch]) {
    for (const messageId of await stand.messageIds(jobId))
      await stand.deliver(jobId, messageId, { provider: 'sandbox' });
    await stand.settle(jobId);
  }
});
afterAll(() => stand?.close());

/** Audits through an API that lies: `lie` changes the text of every answer. */
async function wrongWith(jobId: string, lie: (text: string, path: string) => string): Promise<number> {
  const reader: LedgerReader = await openLedgerReader(stand.database.url);
  try {
    const lying: LocalClient = {
      ...client,
      async call(method, path, body) {
        const answer = await client.call(method, path, body);
        return { ...answer, body: JSON.parse(lie(JSON.stringify(answer.body), path)) as unknown };
      },
    };
    const checks = await apiChecks(reader, lying, await findAuditedJob(reader, jobId));
    return checks.reduce((sum, check) => sum + check.wrong, 0);
  } finally {
    await reader.close();
  }
}

test('an honest API agrees on every page of a bulk job and of a batch', async () => {
  expect(await wrongWith(bulk, (text) => text)).toBe(0);
  expect(await wrongWith(batch, (text) => text)).toBe(0);
  const { checks } = await stand.audit(bulk);
  expect(checks.find(({ name }) => name.startsWith('every page'))?.checked).toBe(USERS);
});

test.each<[lie: string, tell: (text: string, path: string) => string]>([
  ['one more received', (text) => text.replace(`"received":${USERS}`, `"received":${USERS + 1}`)],
  ['a failure that is none', (text) => text.replace('"failures":0', '"failures":1')],
  ['a finished job as unfinished', (text) => text.replace('"COMPLETED"', '"PROCESSING"')],
  ['a sent user as pending', (text) => text.replace('"ENQUEUED"', '"PENDING"')],
  ['a sent user as failed', (text) => text.replace('"ENQUEUED"', '"ERROR"')],
  [
    "another user's message",
    (text) => text.replace(/"messageId":"1-[^"]*"/, `"messageId":"1-${'0'.repeat(8)}-${'0'.repeat(24)}"`),
  ],
  ['two users in the wrong order', (text) => text.replace('"u7"', '"u8"')],
  ['the last pages missing', (text) => text.replace(/"cursor":"[^"]*"/, '"cursor":null')],
])('it tells when a bulk job is answered with %s', async (_lie, tell) => {
  expect(await wrongWith(bulk, tell)).toBeGreaterThan(0);
});

test.each<[lie: string, tell: (text: string) => string]>([
  ['a sent message as scheduled', (text) => text.replace('"status":"sent"', '"status":"scheduled"')],
  [
    'a message of another batch',
    (text) => {
      const body = JSON.parse(text) as { results: { id: string }[] };
      return JSON.stringify({ ...body, results: body.results.map((one) => ({ ...one, id: randomUUID() })) });
    },
  ],
  ['nobody', () => '{"results": []}'],
])('it tells when a batch is answered with %s', async (_lie, tell) => {
  expect(await wrongWith(batch, tell)).toBeGreaterThan(0);
});

test('a key of another workspace, and an API that is away, are told apart', async () => {
  const foreign = await stand.audit(bulk, { api: { url: stand.url, key: stand.key } });
  expect(foreign.checks.filter(({ ok }) => !ok).map(({ examples }) => examples[0])).toEqual([
    'HTTP 404',
    'HTTP 404',
  ]);
  await expect(stand.audit(bulk, { api: { url: 'http://127.0.0.1:1', key: 'abcd' } })).rejects.toThrow(
    /^No Volley answers at http:\/\/127.0.0.1:1: .*\.$/,
  );
});
