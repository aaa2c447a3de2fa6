import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterGates } from '../../../activities/delivery/gates';
import { type DeliveryRules } from '../../../activities/dependencies';
import { decide } from '../../../src/domain/gates';
import { type PreferenceStatus } from '../../../src/domain/preferences';
import { settleAttempt, recoverMessage } from '../../../src/ledger/attempts';
import { loadDelivery } from '../../../src/ledger/delivery-context';
import { readGateFacts } from '../../../src/ledger/gate-facts';
import { setPreference } from '../../../src/ledger/preferences';
import { liftSuppression, listSuppressions, suppress, suppressAll } from '../../../src/ledger/suppressions';
import { putTopic } from '../../../src/ledger/topics';
import { changeWorkspaceSettings } from '../../../src/ledger/workspaces';
import { createGateStand, type GateStand } from './gate-stand';

let stand: GateStand;
beforeAll(async () => {
  stand = await createGateStand();
});
afterAll(() => stand.drop());

const OPT_OUT = { status: 'opted_out', channels: null, hasChannels: false } as const;
let serial = 0;
const someone = (): string => `Person.${(serial += 1)}@Example.test`;
const hardBounce = (address: string) => ({
  ...({
    workspaceId: stand.workspaceId,
    kind: 'email',
    address,
    reason: 'hard_bounce',
    source: 'test',
  } as const),
});
const sent = async (messageId: string): Promise<number> => {
  const rows = await stand.db.query('select 1 from attempts where message_id = $1', [messageId]);
  return rows.length;
};

describe('a change after the gates and before the claim is honoured', () => {
  const news = (defaultStatus: PreferenceStatus) =>
    stand.db.transaction((tx) =>
      putTopic(tx, stand.workspaceId, {
        ...{ id: 'news', name: 'News', sectionId: null, sectionName: null, defaultStatus },
      }),
    );
  beforeEach(() => news('opted_in'));

  test.each<[string, (address: string) => Promise<unknown>, string]>([
    [
      'an unsubscription',
      (userId) =>
        stand.db.transaction((tx) =>
          setPreference(tx, { workspaceId: stand.workspaceId, userId, topicId: 'news' }, OPT_OUT),
        ),
      'opted_out',
    ],
    [
      'a suppression, however the address is written',
      (address) => stand.db.transaction((tx) => suppress(tx, hardBounce(` ${address.toUpperCase()} `))),
      'suppressed',
    ],
    ["a topic's default", () => news('opted_out'), 'opt_in_required'],
    [
      "the workspace's settings",
      () =>
        stand.db.transaction((tx) => changeWorkspaceSettings(tx, stand.workspaceId, { holdoutPercent: 100 })),
      'holdout',
    ],
  ])('%s', async (_name, change, reason) => {
    const address = someone();
    const [messageId = ''] = await stand.messages([address], { topicId: 'news' });
    const before = await stand.ask(messageId);
    await change(address);
    expect(await stand.claim(messageId, before.seal)).toMatchObject({ refused: 'facts_changed' });
    expect(await sent(messageId)).toBe(0);
    expect((await stand.ask(messageId)).decision).toEqual({ type: 'skip', reason });
  });

  test('a change about somebody else stops nothing', async () => {
    await stand.db.transaction((tx) =>
      changeWorkspaceSettings(tx, stand.workspaceId, { holdoutPercent: null }),
    );
    const [messageId = ''] = await stand.messages([someone()]);
    const { decision, seal } = await stand.ask(messageId);
    expect(decision.type).toBe('go');
    await stand.db.transaction((tx) => suppress(tx, hardBounce(someone())));
    expect(await stand.claim(messageId, seal)).not.toHaveProperty('refused');
  });
});

test('while a job is paused, and before a message is due, the gates move nothing', async () => {
  const rules = { parkAfterMs: 0, shardHoldMs: 0 } as DeliveryRules;
  const settle = async (messageId: string) => {
    const message = await loadDelivery(stand.db, messageId);
    if (!message) throw new Error('no such message');
    const routes = [
      { kind: 'email', channelId: stand.channelId, address: message.spec.recipient.id } as const,
    ];
    const { facts, idle } = await readGateFacts(stand.db, { messageId, message, routes, first: 0 });
    const stopped = decide(facts);
    if (stopped.type === 'go') throw new Error('nothing objects');
    const gates = { message, stopped, ...(idle ? { idle } : {}) };
    const result = await afterGates(stand.db, rules, { messageId, jobKind: 'batch', gates, stopped });
    return [result.type, (await loadDelivery(stand.db, messageId))?.state];
  };
  const [messageId = ''] = await stand.messages([someone()], { heldOut: true });
  const [later = ''] = await stand.messages(
    [someone()],
    { heldOut: true },
    { notBeforeMs: Date.now() + 60_000 },
  );
  const pause = (paused: boolean) => stand.db.query('update jobs set paused = $1', [paused]);
  await pause(true);
  expect(await settle(messageId)).toEqual(['left', 'pending']);
  await pause(false);
  expect(await settle(later)).toEqual(['wait', 'pending']);
  expect(await settle(messageId)).toEqual(['settled', 'skipped']);
});

test('a claim waits for an unsubscription that is being committed, and then refuses', async () => {
  const address = someone();
  const [messageId = ''] = await stand.messages([address]);
  const { seal } = await stand.ask(messageId);
  const other = new Client({ connectionString: stand.url });
  await other.connect();
  try {
    await other.query('begin');
    await suppress(
      {
        query: async (text, values) => (await other.query(text, values as unknown[])).rows,
        afterCommit: () => undefined,
      },
      hardBounce(address),
    );
    const claimed = stand.claim(messageId, seal);
    const [{ pid }] = (await other.query('select pg_backend_pid() as pid')).rows;
    const deadline = Date.now() + 10_000;
    const waits = async () =>
      (await stand.db.query('select 1 from pg_stat_activity where $1 = any(pg_blocking_pids(pid))', [pid]))
        .length > 0;
    while (!(await waits())) if (Date.now() > deadline) throw new Error('the claim does not wait');
    await other.query('commit');
    expect(await claimed).toMatchObject({ refused: 'facts_changed' });
  } finally {
    await other.end();
  }
});

test('in many interleavings no attempt begins after an unsubscription committed', async () => {
  const rounds = 150;
  const addresses = Array.from({ length: rounds }, someone);
  const ids = await inBatches(addresses, (some) => stand.messages(some));
  let went = 0;
  for (const [index, messageId] of ids.entries()) {
    const address = addresses[index] ?? '';
    const { seal } = await stand.ask(messageId);
    let committed = false;
    const unsubscribe = delay(index % 7).then(async () => {
      await stand.db.transaction((tx) => suppress(tx, { ...hardBounce(address), reason: 'unsubscribed' }));
      committed = true;
    });
    const claim = delay(index % 5).then(async () => {
      const after = committed;
      const claimed = await stand.claim(messageId, seal);
      return { after, went: !claimed.refused };
    });
    const [result] = await Promise.all([claim, unsubscribe]);
    if (result.went) went += 1;
    if (result.after) expect(result.went).toBe(false);
    expect(await sent(messageId)).toBe(result.went ? 1 : 0);
    if (result.went) continue;
    expect((await stand.ask(messageId)).decision).toEqual({ type: 'skip', reason: 'unsubscribed' });
  }
  // Both orders were met, or this proves nothing.
  expect(went).toBeGreaterThan(0);
  expect(went).toBeLessThan(rounds);
});

describe('the frequency cap', () => {
  const cap = (count: number) =>
    stand.db.transaction((tx) =>
      changeWorkspaceSettings(tx, stand.workspaceId, { cap: { count, periodDays: 1 } }),
    );
  const settle = (attemptId: string, jobId: string, outcome: 'permanent' | 'accepted' | 'ambiguous') =>
    settleAttempt(stand.db, {
      ...{ jobId, attemptId, outcome, refused: outcome === 'permanent' },
      ...(outcome === 'permanent' ? { state: 'failed', reason: 'provider_refused' } : {}),
      ...(outcome === 'accepted' ? { state: 'sent' } : {}),
      ...(outcome === 'ambiguous' ? { state: 'uncertain', reason: 'in_doubt' } : {}),
    } as Parameters<typeof settleAttempt>[1]);
  const attemptOf = async (messageId: string) => {
    const [row] = await stand.db.query<{ id: string; job_id: string }>(
      'select a.id, m.job_id from attempts a join messages m on m.id = a.message_id where m.id = $1',
      [messageId],
    );
    return row ?? { id: '', job_id: '' };
  };

  test('of 100 claims at once exactly as many go as are allowed', async () => {
    await cap(3);
    const address = someone();
    const ids = await stand.messages(
      Array.from({ length: 100 }, () => address),
      { capFrequency: true },
    );
    // All have asked before the first claims, so only the claim itself can keep the count.
    const asked = await Promise.all(ids.map((id) => stand.ask(id)));
    const claims = await Promise.all(ids.map((id, index) => stand.claim(id, asked[index]!.seal)));
    expect(claims.filter(({ refused }) => !refused)).toHaveLength(3);
    expect(claims.filter(({ refused }) => refused === 'capped')).toHaveLength(97);
    const refused = ids.find((_id, index) => claims[index]?.refused) ?? '';
    expect((await stand.ask(refused)).decision).toEqual({ type: 'skip', reason: 'cap' });
  });

  test('is for each recipient, for those who ask, and slides', async () => {
    await cap(1);
    const [a, b] = [someone(), someone()];
    const [first = '', other = '', again = ''] = await stand.messages([a, b, a], { capFrequency: true });
    const [unasked = ''] = await stand.messages([a]);
    expect(await stand.deliver(first)).toBe('go');
    expect(await stand.deliver(other)).toBe('go');
    expect(await stand.deliver(again)).toBe('skip');
    expect(await stand.deliver(unasked)).toBe('go');
    await stand.db.query(`update cap_uses set at = at - interval '24 hours' where message_id = $1`, [first]);
    expect(await stand.deliver(again)).toBe('go');
  });

  test.each([
    ['is given back after a proved refusal', 'permanent', 'go'],
    ['is kept by what was sent', 'accepted', 'skip'],
    ['is kept in doubt', 'ambiguous', 'skip'],
  ] as const)('%s', async (_name, outcome, next) => {
    await cap(1);
    const address = someone();
    const [first = '', second = ''] = await stand.messages([address, address], { capFrequency: true });
    await stand.deliver(first);
    const attempt = await attemptOf(first);
    await settle(attempt.id, attempt.job_id, outcome);
    expect(await stand.deliver(second)).toBe(next);
  });
});

test('recovery begins no attempt for somebody who unsubscribed meanwhile', async () => {
  const address = someone();
  const [messageId = ''] = await stand.messages([address]);
  await stand.deliver(messageId);
  const before = await stand.ask(messageId);
  await stand.db.transaction((tx) => suppress(tx, { ...hardBounce(address), reason: 'unsubscribed' }));
  const [row] = await stand.db.query<{ job_id: string }>('select job_id from messages where id = $1', [
    messageId,
  ]);
  const recovery = {
    ...{ jobId: row?.job_id ?? '', messageId, attemptId: randomUUID(), owner: 'test' },
    ...{ timeoutMs: 1_000, marginMs: 1_000, dedupeWindowMs: 60_000 },
  };
  expect(await recoverMessage(stand.db, { ...recovery, seal: before.seal })).toMatchObject({
    refused: 'facts_changed',
  });
  const now = await stand.ask(messageId);
  expect(await recoverMessage(stand.db, { ...recovery, seal: now.seal, forbidden: true })).toMatchObject({
    uncertain: true,
  });
  expect(await sent(messageId)).toBe(1);
});

describe('suppressions', () => {
  test.each([[0], [1]])(
    'of what one call tells of an address the graver reason stays, in either order (%s)',
    async (first) => {
      const address = someone();
      const told = [hardBounce(address), { ...hardBounce(address), reason: 'unsubscribed' as const }];
      await stand.db.transaction((tx) => suppressAll(tx, first === 0 ? told : told.toReversed()));
      const [found] = await listSuppressions(stand.db, {
        ...{ workspaceId: stand.workspaceId, limit: 10, address: { kind: 'email', address } },
      });
      expect(found).toMatchObject({ reason: 'hard_bounce' });
    },
  );

  test('an import counts each address once, and the graver reason stays', async () => {
    const [a, b] = [someone(), someone()];
    const list = [a, a.toLowerCase(), b].map((address) => ({
      ...hardBounce(address),
      reason: 'unsubscribed' as const,
    }));
    expect(await stand.db.transaction((tx) => suppressAll(tx, list))).toEqual({ total: 2, added: 2 });
    await stand.db.transaction((tx) => suppressAll(tx, [hardBounce(a), hardBounce(b)]));
    await stand.db.transaction((tx) => suppressAll(tx, list));
    const [found] = await listSuppressions(stand.db, {
      ...{ workspaceId: stand.workspaceId, limit: 10, address: { kind: 'email', address: a } },
    });
    expect(found).toMatchObject({ reason: 'hard_bounce' });
  });

  test('10,000 at once are taken in, and none of them is sent to', async () => {
    const addresses = Array.from({ length: 10_000 }, someone);
    const counts = await stand.db.transaction((tx) => suppressAll(tx, addresses.map(hardBounce)));
    expect(counts).toEqual({ total: 10_000, added: 10_000 });
    const [messageId = ''] = await stand.messages([addresses[9_999] ?? '']);
    expect(await stand.deliver(messageId)).toBe('skip');
  });

  test('are lifted by their id, in their own workspace alone', async () => {
    const address = someone();
    await stand.db.transaction((tx) => suppress(tx, hardBounce(address)));
    const [found] = await listSuppressions(stand.db, {
      ...{ workspaceId: stand.workspaceId, limit: 10, address: { kind: 'email', address } },
    });
    const id = found?.id ?? '';
    const lift = (workspaceId: string) =>
      stand.db.transaction((tx) => liftSuppression(tx, { workspaceId, id }));
    expect(await lift(randomUUID())).toBe(false);
    expect(await lift(stand.workspaceId)).toBe(true);
    const [messageId = ''] = await stand.messages([address]);
    expect(await stand.deliver(messageId)).toBe('go');
  });
});

async function inBatches<T>(
  all: readonly T[],
  work: (some: readonly T[]) => Promise<string[]>,
): Promise<string[]> {
  const ids: string[] = [];
  for (let from = 0; from < all.length; from += 50) ids.push(...(await work(all.slice(from, from + 50))));
  return ids;
}

/** A few turns of the event loop: shifts who comes first, and waits for nothing. */
async function delay(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
