import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { type QueryResultRow } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { toBirdMessage } from '../../../api/bird/message-shape';
import { claimMessage, settleAttempt } from '../../../src/ledger/attempts';
import { insertChannel } from '../../../src/ledger/channels';
import { recordProviderEvents } from '../../../src/ledger/provider-events';
import { type ProviderEvent } from '../../../src/providers/callbacks/contract';
import { createService } from '../../../src/service/create-service';
import { type Service } from '../../../src/service/service';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
let service: Service;
const workspaceId = randomUUID();
const channelId = randomUUID();
const otherChannelId = randomUUID();
const AT_MS = Date.now() + 1_000;

beforeAll(async () => {
  database = await createTestDatabase();
  service = createService({ notifier: { look: () => undefined, liveStatus: async () => undefined } });
  await database.db.query('insert into workspaces (id, name) values ($1, $2)', [workspaceId, 'test']);
  for (const id of [channelId, otherChannelId]) {
    await insertChannel(database.db, {
      id,
      workspaceId,
      kind: 'email',
      provider: 'smtp',
      name: id,
      settings: {},
    });
  }
});
afterAll(() => database.drop());

interface Sent {
  readonly messageId: string;
  readonly deliveryId: string;
  readonly attemptId: string;
  readonly jobId: string;
}

/** Messages of one batch with an open attempt each: their calls were not answered yet. */
async function sending(count = 1): Promise<Sent[]> {
  const recipient = {
    ...{ id: 'jane', idGenerated: false },
    ...{ addresses: { email: 'jane@x.example' }, cc: ['copy@x.example', 'info@bücher.example'] },
  };
  const { batchId, messageIds } = await database.db.transaction((tx) =>
    service.acceptBatch(tx, {
      ...{ workspaceId, channelId, guarantee: 'at_least_once', definition: {} },
      messages: Array.from({ length: count }, () => ({ spec: { recipient, data: {} }, echo: {} })),
    }),
  );
  const sent: Sent[] = [];
  for (const messageId of messageIds) {
    const attemptId = uuidv7();
    const claimed = await claimMessage(database.db, {
      ...{ jobId: batchId, messageId, deliveryId: uuidv7(), attemptId, route: 0, channelId, kind: 'email' },
      ...{ provider: 'smtp', owner: 'test', timeoutMs: 1_000, marginMs: 1_000, dedupeWindowMs: 0 },
    });
    if (claimed.refused) throw new Error(claimed.refused);
    sent.push({ messageId, deliveryId: claimed.deliveryId, attemptId, jobId: batchId });
  }
  return sent;
}
const one = async () => (await sending())[0] as Sent;
const answer = (sent: Sent, settlement: Partial<Parameters<typeof settleAttempt>[1]> = {}) =>
  settleAttempt(database.db, {
    ...{ jobId: sent.jobId, attemptId: sent.attemptId, outcome: 'accepted', state: 'sent', refused: false },
    ...settlement,
  });
const record = (events: readonly ProviderEvent[], channel = channelId) =>
  database.db.transaction((tx) => recordProviderEvents(tx, { workspaceId, channelId: channel }, events));
const fact = (sent: Sent, type: ProviderEvent['type'], more: Partial<ProviderEvent> = {}): ProviderEvent => ({
  ...{ deliveryId: sent.deliveryId, type, atMs: AT_MS, dedupe: `${type}-1` },
  ...more,
});
const view = (sent: Sent) => service.readMessage(database.db, { workspaceId, messageId: sent.messageId });
const timeline = async (sent: Sent) =>
  (await service.readTimeline(database.db, { workspaceId, messageId: sent.messageId })).map(
    ({ type }) => type,
  );
const statistics = async (sent: Sent) =>
  (await service.readJob(database.db, { workspaceId, jobId: sent.jobId })).statistics;

test('a callback before the answer moves sending to sent and delivered, and the answer changes nothing', async () => {
  const sent = await one();
  expect(await record([fact(sent, 'delivered')])).toEqual({ stored: 1, unknown: 0, told: [] });
  expect((await view(sent)).state).toBe('delivered');
  expect(await timeline(sent)).toEqual(['accepted', 'sending', 'sent', 'delivered']);
  expect(await answer(sent, { vendorId: 'v-1' })).toMatchObject({ moved: false, state: 'delivered' });
  expect((await view(sent)).deliveries[0]?.vendorId).toBe('v-1');
  expect(await statistics(sent)).toEqual({ sent: 1, delivered: 1, opened: 0, clicked: 0, undeliverable: 0 });
});

test('a fact told again, in the same call or a later one, is stored once', async () => {
  const sent = await one();
  await answer(sent);
  const opened = fact(sent, 'opened');
  expect((await record([opened, opened])).stored).toBe(1);
  expect((await record([opened, fact(sent, 'opened', { dedupe: 'second' })])).stored).toBe(1);
  expect((await timeline(sent)).filter((type) => type === 'opened')).toHaveLength(2);
  expect((await statistics(sent)).opened).toBe(1);
  expect(await view(sent)).toMatchObject({ state: 'sent', engaged: 'opened', openedAt: expect.any(Date) });
});

test('whatever the order and the repetitions, the same facts end in the same state', async () => {
  const types = [
    'sent',
    'delivered',
    'bounced',
    'carrier_refused',
    'opened',
    'clicked',
    'deferred',
    'complained',
  ] as const;
  await fc.assert(
    fc.asyncProperty(
      fc
        .subarray([...types], { minLength: 1 })
        .chain((facts) =>
          fc.tuple(
            fc.constant(facts),
            fc.shuffledSubarray([...facts, ...facts], { minLength: facts.length * 2 }),
            fc.boolean(),
            fc.boolean(),
          ),
        ),
      async ([facts, order, together, answered]) => {
        const [a, b] = (await sending(2)) as [Sent, Sent];
        if (answered) for (const sent of [a, b]) await answer(sent);
        await record(facts.map((type) => fact(a, type)));
        const shuffled = order.map((type) => fact(b, type));
        if (together) await record(shuffled);
        else for (const each of shuffled) await record([each]);
        const [first, second] = [await view(a), await view(b)];
        const fates = facts.filter((type) => type === 'bounced' || type === 'carrier_refused');
        expect([second.state, second.engaged]).toEqual([first.state, first.engaged]);
        expect(first.state).toBe(
          facts.includes('delivered') ? 'delivered' : fates.length > 0 ? 'undelivered' : 'sent',
        );
        expect((await timeline(b)).filter((type) => type === 'opened')).toHaveLength(
          facts.includes('opened') ? 1 : 0,
        );
      },
    ),
    { numRuns: 40 },
  );
});

test('a late word overrules a failure and an uncertain end, as the table has it', async () => {
  const failed = await one();
  await answer(failed, { outcome: 'permanent', state: 'failed', reason: 'provider_refused' });
  await record([fact(failed, 'bounced', { code: '5.1.1', hard: true })]);
  expect(await view(failed)).toMatchObject({ state: 'undelivered', reason: 'bounced' });
  const uncertain = await one();
  await answer(uncertain, { outcome: 'ambiguous', state: 'uncertain', reason: 'in_doubt' });
  await record([fact(uncertain, 'opened')]);
  expect(await view(uncertain)).toMatchObject({ state: 'sent', engaged: 'opened' });
});

test("what the vendor said of a bounce is shown beside it, and an unknown address has Bird's code for one", async () => {
  const told = async (...facts: readonly Partial<ProviderEvent>[]) => {
    const sent = await one();
    await answer(sent);
    await record(facts.map((more, n) => fact(sent, 'bounced', { dedupe: `bounce-${n}`, ...more })));
    return toBirdMessage(await view(sent));
  };
  const nobody = { code: '5.1.1', hard: true, detail: 'No such user here.' };
  const full = { code: '5.2.2', hard: false, detail: 'The mailbox is full.' };
  expect(await told(nobody)).toMatchObject({
    ...{ status: 'delivery_failed', reason: 'bounced' },
    failure: { code: 15005, source: { code: 1 }, description: 'unknown_address: No such user here.' },
  });
  expect(await told(full)).toMatchObject({ failure: { code: 15904, description: 'The mailbox is full.' } });
  expect(await told(full, nobody)).toMatchObject({ failure: { code: 15005 } });
  expect(await told({ hard: true, code: '5.2.2' })).toMatchObject({
    failure: { code: 15904, description: '5.2.2' },
  });
  expect(await told({ type: 'carrier_refused', detail: 'Filtered.' })).toMatchObject({
    failure: { code: 15905, description: 'Filtered.' },
  });
});

test('a message that waits to be sent again in doubt is not, once the vendor says that it had it', async () => {
  const sent = await one();
  const wait = { waitReason: 'backoff', waitMs: 0 } as const;
  await answer(sent, { outcome: 'ambiguous', state: 'waiting', ...wait });
  await record([fact(sent, 'delivered')]);
  expect((await view(sent)).state).toBe('delivered');
  const refused = await one();
  await answer(refused, { outcome: 'retryable', state: 'waiting', ...wait });
  await record([fact(refused, 'delivered')]);
  expect((await view(refused)).state).toBe('waiting');
});

test('a bounce after the delivery is an event and tells of the address, and moves nothing', async () => {
  const sent = await one();
  await answer(sent, { settled: 'delivered' });
  const { told } = await record([fact(sent, 'bounced', { hard: true })]);
  expect((await view(sent)).state).toBe('delivered');
  expect(await timeline(sent)).toContain('bounced');
  const { messageId } = sent;
  expect(told).toEqual([
    { messageId, kind: 'email', address: 'jane@x.example', type: 'bounced', hard: true },
  ]);
});

test('a copy’s bounce is no fate of the message, and tells of the copy’s address', async () => {
  const sent = await one();
  await answer(sent);
  const { told } = await record([fact(sent, 'bounced', { hard: true, recipient: 'Copy@x.example' })]);
  expect((await view(sent)).state).toBe('sent');
  expect(told).toMatchObject([{ address: 'Copy@x.example' }]);
  await record([fact(sent, 'bounced', { dedupe: 'own', recipient: 'JANE@x.example' })]);
  expect((await view(sent)).state).toBe('undelivered');
});

test('a copy with an international domain is known by its ASCII form, and the recipient is not blamed', async () => {
  const sent = await one();
  await answer(sent);
  const address = 'info@xn--bcher-kva.example';
  const { told } = await record([fact(sent, 'bounced', { hard: true, recipient: address })]);
  expect((await view(sent)).state).toBe('sent');
  expect(told).toMatchObject([{ address }]);
});

test('facts of another channel, another workspace or no delivery at all are dropped', async () => {
  const sent = await one();
  await answer(sent, { vendorId: 'vendor-9' });
  expect(await record([fact(sent, 'delivered')], otherChannelId)).toMatchObject({ stored: 0, unknown: 1 });
  const { messageId: _messageId, deliveryId: _deliveryId, ...bare } = fact(sent, 'delivered');
  expect(
    await record([
      { ...bare, vendorId: 'unheard-of' },
      { ...bare, messageId: randomUUID() },
    ]),
  ).toMatchObject({ unknown: 2 });
  expect((await view(sent)).state).toBe('sent');
  expect(await record([{ ...bare, vendorId: 'vendor-9' }])).toMatchObject({ stored: 1, unknown: 0 });
  expect((await view(sent)).state).toBe('delivered');
});

test('a thousand facts are a dozen statements', async () => {
  const messages = await sending(100);
  const events = messages.flatMap((sent) =>
    Array.from({ length: 10 }, (_, n) =>
      fact(sent, n === 0 ? 'delivered' : 'opened', { dedupe: `fact-${n}` }),
    ),
  );
  let statements = 0;
  await database.db.transaction(async (tx) => {
    const counted = {
      ...tx,
      query: <R extends QueryResultRow>(text: string, values?: readonly unknown[]) => {
        statements += 1;
        return tx.query<R>(text, values);
      },
    };
    expect(await recordProviderEvents(counted, { workspaceId, channelId }, events)).toMatchObject({
      stored: 1_000,
    });
  });
  expect(statements).toBeLessThanOrEqual(12);
  expect(await statistics(messages[0] as Sent)).toMatchObject({ sent: 100, delivered: 100, opened: 100 });
});
