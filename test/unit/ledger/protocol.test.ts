import { v7 as uuidv7 } from 'uuid';
import {
  claimMessage,
  recoverMessage,
  settleAttempt,
  type Claimed,
  type Settlement,
} from '../../../src/ledger/attempts';
import { cancelPage, moveMessage } from '../../../src/ledger/moves';
import { settlePage } from '../../../src/ledger/page-claims';
import { nextWakeUpMs, planShards, releaseJob, releaseShard } from '../../../src/ledger/shards';
import { type Tx } from '../../../src/ledger/database';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { insertJobWith, moveTo } from './world';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 20 });
});
afterAll(() => database?.drop());

const CHANNEL = uuidv7();

interface Subject {
  readonly jobId: string;
  readonly messageId: string;
}

async function subject(): Promise<Subject> {
  const { jobId, messageIds } = await insertJobWith(database.db, 1);
  return { jobId, messageId: messageIds[0] ?? '' };
}

const claim = (of: Subject, attemptId = uuidv7(), owner = 'me', dedupeWindowMs = 0) =>
  claimMessage(database.db, {
    ...{ ...of, attemptId, owner, deliveryId: uuidv7(), route: 0, channelId: CHANNEL },
    ...{ kind: 'webhook', provider: 'webhook', timeoutMs: 1_000, marginMs: 1_000, dedupeWindowMs },
  });
const recover = (of: Subject, owner = 'me', dedupeWindowMs = 0, attemptId = uuidv7()) =>
  recoverMessage(database.db, { ...of, attemptId, owner, dedupeWindowMs, timeoutMs: 1_000, marginMs: 1_000 });
const settle = (of: Subject, attemptId: string, more: Partial<Settlement> = {}) =>
  settleAttempt(database.db, {
    ...{ jobId: of.jobId, attemptId, outcome: 'accepted', state: 'sent', refused: false },
    ...more,
  });
const WAIT = { state: 'waiting', waitReason: 'backoff', waitMs: 0 } as const;
const set = (of: Subject, change: string) =>
  database.db.query(`update jobs set ${change} where id = $1`, [of.jobId]);

/** Runs `work` while these messages are locked, and lets go of them once `n` wait for that. */
async function whileLocked<T>(
  messageIds: readonly string[],
  n: number,
  work: () => Promise<T>,
  meanwhile: (tx: Tx) => Promise<void> = async () => undefined,
): Promise<T> {
  let done: Promise<T> | undefined;
  await database.db.transaction(async (tx) => {
    await tx.query('select 1 from message_states where message_id = any($1::uuid[]) for update', [
      messageIds,
    ]);
    done = work();
    for (let waiting = 0; waiting < n;) {
      const [row] = await database.db.query<{ n: number }>(
        `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      waiting = row?.n ?? 0;
    }
    await meanwhile(tx);
  });
  return done as Promise<T>;
}

test('of many claims at the same time one is allowed', async () => {
  const one = await subject();
  const claims = await Promise.all(Array.from({ length: 15 }, () => claim(one)));
  expect(claims.filter((result) => result.refused === undefined)).toHaveLength(1);
  expect(claims.filter((result) => result.refused === 'open')).toHaveLength(14);
});

test.each([
  ['paused = true', 'paused'],
  ['cancel_requested = true', 'canceled'],
  [`phase = 'open'`, 'not_running'],
  [`suspended = 'ledger_older'`, 'paused'],
])('after %s has committed nothing is claimed, and nothing is left behind', async (change, refused) => {
  const one = await subject();
  await set(one, change);
  expect(await claim(one)).toMatchObject({ refused });
  const left = await database.db.query(
    `select 1 from deliveries where message_id = $1 union all select 1 from attempts where message_id = $1
     union all select 1 from events where message_id = $1`,
    [one.messageId],
  );
  expect(left).toEqual([]);
});

test.each([
  [`due_at = ledger_now() + interval '1 minute'`, 'not_due'],
  [`valid_until = ledger_now()`, 'expired'],
  ['cancel_requested = true', 'canceled'],
])('a message with %s is not claimed', async (change, refused) => {
  const one = await subject();
  await database.db.query(`update message_states set ${change} where message_id = $1`, [one.messageId]);
  expect(await claim(one)).toMatchObject({ refused });
});

test('a refused claim gives the rate token back', async () => {
  const one = await subject();
  const [workspace] = await database.db.query<{ id: string }>(
    'select workspace_id as id from jobs where id = $1',
    [one.jobId],
  );
  const channelId = uuidv7();
  await database.db.query(
    `insert into channels (id, workspace_id, kind, provider, name, rate_per_second) values ($1, $2, 'webhook', 'webhook', 'x', 0.001)`,
    [channelId, workspace?.id],
  );
  const once = () =>
    claimMessage(database.db, {
      ...{ ...one, attemptId: uuidv7(), owner: 'me', deliveryId: uuidv7(), route: 0, channelId },
      ...{ kind: 'webhook', provider: 'webhook', timeoutMs: 1_000, marginMs: 1_000, dedupeWindowMs: 0 },
    });
  await database.db.query(
    `update message_states set due_at = ledger_now() + interval '1 hour' where message_id = $1`,
    [one.messageId],
  );
  expect(await once()).toMatchObject({ refused: 'not_due' });
  await database.db.query('update message_states set due_at = ledger_now() where message_id = $1', [
    one.messageId,
  ]);
  expect((await once()).refused).toBeUndefined();
});

test('an outcome is written to its own attempt, also when a later one has begun; the message is the later one’s', async () => {
  const one = await subject();
  const [first, second] = [uuidv7(), uuidv7()];
  await claim(one, first);
  await recover(one, 'me', 60_000, second);
  expect(
    await settle(one, first, { outcome: 'retryable', state: 'failed', reason: 'deadline' }),
  ).toMatchObject({
    ...{ state: 'sending', moved: false },
  });
  expect(await settle(one, second)).toMatchObject({ state: 'sent', moved: true });
  const attempts = await database.db.query(
    'select outcome from attempts where message_id = $1 order by number',
    [one.messageId],
  );
  expect(attempts).toEqual([{ outcome: 'retryable' }, { outcome: 'accepted' }]);
});

test('accepted is true whoever learns it, also after the message ended in doubt', async () => {
  const one = await subject();
  const attemptId = uuidv7();
  await claim(one, attemptId);
  await set(one, `guarantee = 'at_most_once'`);
  expect(await recover(one)).toMatchObject({ uncertain: true });
  expect(await settle(one, attemptId)).toMatchObject({ state: 'sent', moved: true });
});

test('an outcome that was written stays', async () => {
  const one = await subject();
  const attemptId = uuidv7();
  await claim(one, attemptId);
  await settle(one, attemptId);
  await settle(one, attemptId, { outcome: 'permanent', state: 'failed', reason: 'provider_refused' });
  const rows = await database.db.query('select outcome from attempts where id = $1', [attemptId]);
  expect(rows).toEqual([{ outcome: 'accepted' }]);
  await expect(
    database.db.query(`update attempts set outcome = 'permanent' where id = $1`, [attemptId]),
  ).rejects.toThrow('written once');
});

test('an outcome that is written again, its answer having been lost, changes nothing and gets the first answer', async () => {
  const one = await subject();
  const attemptId = uuidv7();
  await claim(one, attemptId);
  const outcome = { ...WAIT, outcome: 'retryable', waitMs: 60_000 } as const;
  const rows = () =>
    database.db.query('select type, data from events where message_id = $1 order by id', [one.messageId]);
  const first = await settle(one, attemptId, outcome);
  const told = await rows();
  expect(first).toMatchObject({ state: 'waiting', moved: true });
  expect(await settle(one, attemptId, outcome)).toEqual(first);
  expect(await rows()).toEqual(told);
});

test('an outcome that is written again while the first writing waits changes nothing, and both get one answer', async () => {
  const one = await subject();
  const attemptId = uuidv7();
  await claim(one, attemptId);
  const outcome = { ...WAIT, outcome: 'retryable', waitMs: 60_000, vendorId: 'v-1' } as const;
  const both = await whileLocked([one.messageId], 2, () =>
    Promise.all([settle(one, attemptId, outcome), settle(one, attemptId, outcome)]),
  );
  expect(both).toEqual([both[0], both[0]]);
  expect(both[0]).toMatchObject({ state: 'waiting', moved: true });
  const types = await database.db.query<{ type: string }>(
    'select type from events where message_id = $1 order by id',
    [one.messageId],
  );
  expect(types.map(({ type }) => type)).toEqual(['sending', 'waiting']);
});

test('a vendor’s id is kept once, however often the outcome that names it is written', async () => {
  const one = await subject();
  const attemptId = uuidv7();
  const { deliveryId } = (await claim(one, attemptId)) as Claimed;
  for (let times = 0; times < 2; times += 1) await settle(one, attemptId, { vendorId: 'v-2' });
  expect(
    await database.db.query('select vendor_id from vendor_ids where delivery_id = $1', [deliveryId]),
  ).toEqual([{ vendor_id: 'v-2' }]);
});

test.each(['releaseShard', 'releaseJob'] as const)(
  '%s locks its messages by ascending id',
  async (giveUp) => {
    const { jobId, messageIds } = await insertJobWith(database.db, 3);
    const [first = '', second = ''] = messageIds;
    // The first by id is the last by place, and being sent: neither the order of places nor that of states is that of ids.
    await database.db.query(`update message_states set ordinal = 2 - ordinal where job_id = $1`, [jobId]);
    await database.db.transaction((tx) =>
      planShards(tx, { jobId, generation: 1, maxShards: 1, shardSize: 10, holdMs: 60_000 }),
    );
    await claim({ jobId, messageId: first });
    await whileLocked(
      [first],
      1,
      () =>
        database.db.transaction((tx) =>
          giveUp === 'releaseJob'
            ? releaseJob(tx, jobId)
            : releaseShard(tx, { jobId, generation: 1, n: 0, heldElsewhere: [] }),
        ),
      async (tx) => {
        await tx.query('select 1 from message_states where message_id = $1 for update nowait', [second]);
      },
    );
  },
);

test('somebody else’s open attempt is not taken over while it may still run', async () => {
  const one = await subject();
  await claim(one, uuidv7(), 'other');
  expect(await recover(one, 'me')).toMatchObject({ refused: 'held' });
  await database.db.query(
    `update attempts set deadline_at = ledger_now() - interval '1 s' where message_id = $1`,
    [one.messageId],
  );
  // However long a plan holds the message for its new child.
  await database.db.query(
    `update message_states set held_until = ledger_now() + interval '15 min' where message_id = $1`,
    [one.messageId],
  );
  expect(await recover(one, 'me')).toMatchObject({ possibleDuplicate: true, uncertain: false });
});

test.each(['releaseShard', 'releaseJob'] as const)(
  'an open attempt that a plan holds for a shard is free when its own time is over, once %s gives the shard up',
  async (giveUp) => {
    const one = await subject();
    await claim(one, uuidv7(), 'gone');
    const past = `ledger_now() - interval '10 minutes'`;
    await database.db.query(`update attempts set deadline_at = ${past} where message_id = $1`, [
      one.messageId,
    ]);
    await database.db.query(`update message_states set held_until = ${past} where message_id = $1`, [
      one.messageId,
    ]);
    const holdMs = 15 * 60_000;
    const planned = await database.db.transaction((tx) =>
      planShards(tx, { jobId: one.jobId, generation: 1, maxShards: 1, shardSize: 10, holdMs }),
    );
    expect(planned).toHaveLength(1);
    expect(await nextWakeUpMs(database.db, one.jobId)).toBeGreaterThan(holdMs / 2);
    if (giveUp === 'releaseJob') await releaseJob(database.db, one.jobId);
    else await releaseShard(database.db, { jobId: one.jobId, generation: 1, n: 0, heldElsewhere: [] });
    expect(await nextWakeUpMs(database.db, one.jobId)).toBe(0);
  },
);

test.each([
  ['at_least_once', 60_000, false, false],
  ['at_least_once', 0, true, false],
  ['at_most_once', 60_000, false, false],
  ['at_most_once', 0, true, true],
] as const)(
  '%s, a window of %i ms: marked %s, uncertain %s',
  async (guarantee, windowMs, possibleDuplicate, uncertain) => {
    const one = await subject();
    await set(one, `guarantee = '${guarantee}'`);
    const begun = (await claim(one)) as Claimed;
    const again = await recover(one, 'me', windowMs);
    expect(again).toMatchObject({
      possibleDuplicate,
      uncertain,
      deliveryId: begun.deliveryId,
      generation: begun.generation,
    });
  },
);

test('after a cancel an open attempt is not made again: it ends uncertain', async () => {
  const one = await subject();
  await claim(one);
  await set(one, 'cancel_requested = true');
  expect(await recover(one, 'me', 60_000)).toMatchObject({ uncertain: true });
});

test('a call that is repeated carries the same key, whatever the one before was told, and being throttled costs no attempt', async () => {
  const one = await subject();
  const generations: number[] = [];
  for (const outcome of ['throttled', 'ambiguous', 'retryable'] as const) {
    const attemptId = uuidv7();
    generations.push(((await claim(one, attemptId)) as Claimed).generation);
    await settle(one, attemptId, { ...WAIT, outcome });
  }
  expect(await claim(one)).toMatchObject({ possibleDuplicate: true });
  expect(generations).toEqual([0, 0, 0]);
  const [row] = await database.db.query('select attempts from message_states where message_id = $1', [
    one.messageId,
  ]);
  expect(row).toEqual({ attempts: 3 });
});

test.each([
  ['refused for good', { outcome: 'permanent', refused: true, state: 'failed', reason: 'provider_refused' }],
  ['the attempts are spent', { outcome: 'retryable', state: 'failed', reason: 'attempts_exhausted' }],
  [
    'another route is next',
    { outcome: 'permanent', refused: true, state: 'waiting', waitReason: 'next_route', waitMs: 0, route: 1 },
  ],
] as const)(
  'beside a call in doubt, where %s, a message ends uncertain, on its route, and its key stays',
  async (_, end) => {
    for (const inGroup of [false, true]) {
      const one = await subject();
      const [first, second] = [uuidv7(), uuidv7()];
      await claim(one, first);
      await settle(one, first, { ...WAIT, outcome: 'ambiguous' });
      await claim(one, second);
      const settlement = { jobId: one.jobId, attemptId: second, refused: false, ...end };
      if (inGroup) expect(await settlePage(database.db, [settlement])).toEqual(new Set());
      expect(await settleAttempt(database.db, settlement)).toMatchObject({
        ...{ state: 'uncertain', reason: 'in_doubt' },
      });
      expect(
        await database.db.query(
          `select s.route, d.generation from message_states s join deliveries d using (message_id) where message_id = $1`,
          [one.messageId],
        ),
      ).toEqual([{ route: 0, generation: 0 }]);
    }
  },
);

test('a call in doubt under an older key, of before the key stayed, is a doubt all the same', async () => {
  for (const guarantee of ['at_least_once', 'at_most_once'] as const) {
    const one = await subject();
    await set(one, `guarantee = '${guarantee}'`);
    const before = uuidv7();
    await claim(one, before);
    await settle(one, before, { ...WAIT, outcome: 'ambiguous' });
    await database.db.query('update deliveries set generation = 1 where message_id = $1', [one.messageId]);
    const attemptId = uuidv7();
    const uncertain = guarantee === 'at_most_once';
    expect(await claim(one, attemptId, 'me', 60_000)).toMatchObject({ possibleDuplicate: true, uncertain });
    if (uncertain) continue;
    const end = { outcome: 'retryable', state: 'failed', reason: 'attempts_exhausted' } as const;
    expect(await settle(one, attemptId, end)).toMatchObject({ state: 'uncertain' });
  }
});

test('a refusal that comes late does not take the key from the attempt that is under way with it', async () => {
  const one = await subject();
  const [first, second] = [uuidv7(), uuidv7()];
  await claim(one, first);
  await recover(one, 'me', 60_000, second);
  await settle(one, first, {
    outcome: 'permanent',
    refused: true,
    state: 'failed',
    reason: 'provider_refused',
  });
  await settle(one, second, { ...WAIT, outcome: 'ambiguous' });
  expect(await claim(one)).toMatchObject({ generation: 0, possibleDuplicate: true });
});

test.each(['canceled', 'skipped', 'rejected', 'failed'] as const)(
  'a message with a call in doubt behind it that would end %s ends uncertain',
  async (to) => {
    const [one, other] = [await subject(), await subject()];
    for (const { of, outcome } of [
      { of: one, outcome: 'ambiguous' as const },
      { of: other, outcome: 'retryable' as const },
    ]) {
      const attemptId = uuidv7();
      await claim(of, attemptId);
      await settle(of, attemptId, { ...WAIT, outcome });
    }
    const move = { to, reason: 'canceled' } as const;
    expect(await moveMessage(database.db, one.messageId, move)).toEqual({
      ...{ state: 'uncertain', reason: 'in_doubt' },
    });
    expect(await moveMessage(database.db, other.messageId, move)).toMatchObject({ state: to });
  },
);

test('a cancelled job ends what was never tried canceled, and what is in doubt uncertain', async () => {
  const { jobId, messageIds } = await insertJobWith(database.db, 5);
  const one = { jobId, messageId: messageIds[2] ?? '' };
  const attemptId = uuidv7();
  await claim(one, attemptId);
  await settle(one, attemptId, { ...WAIT, outcome: 'ambiguous' });
  await set(one, 'cancel_requested = true');
  const lasts: (number | undefined)[] = [];
  let after: number | undefined = -1;
  while (after !== undefined) {
    const page: { after: number; limit: number } = { after, limit: 2 };
    after = await database.db.transaction((tx) => cancelPage(tx, jobId, page));
    lasts.push(after);
  }
  const states = await database.db.query<{ state: string }>(
    'select state from message_states where job_id = $1 order by ordinal',
    [jobId],
  );
  expect(states.map(({ state }) => state)).toEqual([
    'canceled',
    'canceled',
    'uncertain',
    'canceled',
    'canceled',
  ]);
  expect(lasts).toHaveLength(4);
});

test('a message that would wait after a cancel is canceled instead', async () => {
  const one = await subject();
  const attemptId = uuidv7();
  await claim(one, attemptId);
  await set(one, 'cancel_requested = true');
  expect(
    await settle(one, attemptId, {
      outcome: 'retryable',
      state: 'waiting',
      waitReason: 'backoff',
      waitMs: 5,
      refused: true,
    }),
  ).toMatchObject({ state: 'canceled', reason: 'canceled' });
});

test('a message in doubt that would wait after a cancel is uncertain instead', async () => {
  const one = await subject();
  const attemptId = uuidv7();
  await claim(one, attemptId);
  await set(one, 'cancel_requested = true');
  expect(await settle(one, attemptId, { ...WAIT, outcome: 'ambiguous' })).toMatchObject({
    ...{ state: 'uncertain', reason: 'in_doubt' },
  });
});

test('what is settled is not claimed again', async () => {
  const one = await subject();
  await moveTo(database.db, one.messageId, 'skipped');
  expect(await claim(one)).toMatchObject({ refused: 'settled' });
});

test.each([
  ['at_least_once', 60_000, { possibleDuplicate: false, uncertain: false }],
  ['at_least_once', 0, { possibleDuplicate: true, uncertain: false }],
  ['at_most_once', 60_000, { possibleDuplicate: false, uncertain: false }],
  ['at_most_once', 0, { possibleDuplicate: true, uncertain: true }],
] as const)(
  '%s, after a call in doubt, a window of %i ms: the next claim is %j',
  async (guarantee, windowMs, expected) => {
    const one = await subject();
    await set(one, `guarantee = '${guarantee}'`);
    const attemptId = uuidv7();
    await claim(one, attemptId);
    const doubt = { outcome: 'ambiguous', state: 'waiting', waitReason: 'backoff', waitMs: 0 } as const;
    await settle(one, attemptId, doubt);
    expect(await claim(one, uuidv7(), 'me', windowMs)).toMatchObject(expected);
  },
);
