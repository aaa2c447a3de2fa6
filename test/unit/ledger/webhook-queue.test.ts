import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { type Database } from '../../../src/ledger/database';
import {
  countWaiting,
  deleteEndpoint,
  getEndpoint,
  insertEndpoint,
  updateEndpoint,
  type EndpointRef,
} from '../../../src/ledger/webhook-endpoints';
import {
  disableEndpoint,
  noteFailure,
  openDrain,
  queuedPage,
  replayPage,
  settleQueued,
} from '../../../src/ledger/webhook-queue';
import { purgeWebhookQueue, replayFrom, takeWebhookWakes } from '../../../src/ledger/webhook-wakes';
import { noteEvents } from '../../../src/ledger/callback-writes';
import { moveToChild } from '../../../src/webhooks/own-target';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { insertJobWith } from './world';

const HOUR_MS = 3_600_000;
/** More than one page of the purge. */
const MANY = 250;
const PAGE = 100;
let database: TestDatabase;

// A log of its own for each: its numbers rise with time.
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database?.drop());

/** An endpoint of a workspace of its own that wants `job.created`. */
async function endpoint(): Promise<EndpointRef> {
  const [workspaceId, id] = [randomUUID(), uuidv7()];
  await database.db.query('insert into workspaces (id, name) values ($1, $2)', [workspaceId, 'test']);
  await insertEndpoint(database.db, {
    ...{ id, workspaceId, form: 'standard', url: 'https://example.com', filters: { types: ['job.created'] } },
    ...{ eventTypes: ['job.created'], sealedSecrets: Buffer.alloc(0) },
  });
  return { workspaceId, endpointId: id };
}

/** Facts that were written `agoMs` before now. */
async function happen({ workspaceId }: EndpointRef, count: number, agoMs = 0): Promise<void> {
  await database.db.query(
    `insert into workspace_events (workspace_id, at, type)
     select $1, ledger_now() - $3 * interval '1 millisecond', 'job.created' from generate_series(1, $2)`,
    [workspaceId, count, agoMs],
  );
}

const rowsOf = async ({ endpointId }: EndpointRef): Promise<number> => {
  const [row] = await database.db.query<{ n: number }>(
    'select count(*) as n from webhook_queue where endpoint_id = $1',
    [endpointId],
  );
  return row?.n ?? 0;
};
const waiting = ({ endpointId }: EndpointRef) => countWaiting(database.db, endpointId);
const inTx: TestDatabase['db']['transaction'] = (work) => database.db.transaction(work);

test.each<[string, (ref: EndpointRef) => Promise<unknown>]>([
  [
    'disabled by Volley',
    async (ref) => {
      const drain = await openDrain(database.db, ref.endpointId, 'test');
      if (drain) await inTx((tx) => disableEndpoint(tx, drain, 'failing'));
    },
  ],
  ['disabled by its owner', (ref) => inTx((tx) => updateEndpoint(tx, ref, { status: 'disabled' }))],
  ['deleted', (ref) => inTx((tx) => deleteEndpoint(tx, ref))],
])(
  'a queue of any length is dropped at once when its endpoint is %s, and purged in pages',
  async (_, end) => {
    const ref = await endpoint();
    await happen(ref, MANY);
    await end(ref);
    expect(await waiting(ref)).toBe(0);
    expect(await rowsOf(ref)).toBe(MANY);
    const other = await endpoint();
    await happen(other, 1);
    const pages = [];
    for (let page = PAGE; page === PAGE; pages.push(page)) page = await purgeWebhookQueue(database.db, PAGE);
    expect(pages).toEqual([PAGE, PAGE, MANY - 2 * PAGE]);
    expect([await rowsOf(ref), await rowsOf(other)]).toEqual([0, 1]);
  },
);

test('back in service, what was dropped is not told, and what is new is', async () => {
  const ref = await endpoint();
  await happen(ref, MANY);
  await inTx((tx) => updateEndpoint(tx, ref, { status: 'disabled' }));
  await inTx((tx) => updateEndpoint(tx, ref, { status: 'active' }));
  await openDrain(database.db, ref.endpointId, 'test');
  await database.db.query(`update webhook_endpoints set quiet_until = '-infinity' where id = $1`, [
    ref.endpointId,
  ]);
  const wakes = async () => (await takeWebhookWakes(database.db, 1_000)).map(({ endpointId }) => endpointId);
  expect(await wakes()).not.toContain(ref.endpointId);
  await happen(ref, 1);
  expect(await wakes()).toContain(ref.endpointId);
  expect(await queuedPage(database.db, ref.endpointId, 0, PAGE)).toHaveLength(1);
});

/** One more fact, of a transaction that commits when it is told to. */
async function underWay({ workspaceId }: EndpointRef): Promise<() => Promise<void>> {
  let commit: () => void = () => undefined;
  const told = new Promise<void>((resolve) => (commit = resolve));
  let over: Promise<void> = Promise.resolve();
  await new Promise<void>((written) => {
    over = inTx(async (tx) => {
      await tx.query(`insert into workspace_events (workspace_id, type) values ($1, 'job.created')`, [
        workspaceId,
      ]);
      written();
      await told;
    });
  });
  return () => {
    commit();
    return over;
  };
}

test('a replay drops a queue of any length at once, and what a transaction under way has queued stays', async () => {
  const ref = await endpoint();
  await happen(ref, MANY, HOUR_MS);
  const commit = await underWay(ref);
  await happen(ref, 1);
  await inTx((tx) => replayFrom(tx, ref, new Date(Date.now() - 2 * HOUR_MS)));
  const drain = await openDrain(database.db, ref.endpointId, 'test');
  await commit();
  expect(await rowsOf(ref)).toBe(MANY + 1);
  expect(await waiting(ref)).toBe(1);
  const replayed = await replayPage(database.db, drain!.endpoint, drain!.replay!, 1_000);
  expect(replayed.events).toHaveLength(MANY + 2);
});

test('a replay from just now tells what a transaction under way has written since then, and nothing from before', async () => {
  const ref = await endpoint();
  await happen(ref, 2, 30_000);
  const since = new Date();
  const commit = await underWay(ref);
  await happen(ref, 1);
  await inTx((tx) => replayFrom(tx, ref, since));
  await commit();
  const drain = await openDrain(database.db, ref.endpointId, 'test');
  const { events } = await replayPage(database.db, drain!.endpoint, drain!.replay!, PAGE);
  const queued = await queuedPage(database.db, ref.endpointId, 0, PAGE);
  const log = await database.db.query<{ id: number }>(
    'select id from workspace_events where workspace_id = $1 order by id',
    [ref.workspaceId],
  );
  expect([...queued, ...events].map(({ id }) => id)).toEqual(log.slice(2).map(({ id }) => id));
});

test('a replay that is asked for while a drain opens is begun by it, or stops it', async () => {
  const ref = await endpoint();
  const since = new Date();
  await happen(ref, 2);
  let asked = false;
  const db: Database = {
    ...database.db,
    // As soon as the drain's first transaction has committed.
    async transaction(work) {
      const result = await database.db.transaction(work);
      if (!asked) await inTx((tx) => replayFrom(tx, ref, since));
      asked = true;
      return result;
    },
  };
  const drain = await openDrain(db, ref.endpointId, 'test');
  const [first] = await queuedPage(database.db, ref.endpointId, 0, PAGE);
  expect(asked).toBe(true);
  expect(drain!.replay !== null || !(await settleQueued(database.db, drain!, first!.id, true))).toBe(true);
});

test('a replay puts a disabled endpoint back to active, and tells what was written meanwhile in one line with what is new', async () => {
  const ref = await endpoint();
  const since = new Date();
  await happen(ref, 1);
  await inTx((tx) => updateEndpoint(tx, ref, { status: 'disabled' }));
  await happen(ref, 1);
  await inTx(async (tx) => {
    await replayFrom(tx, ref, since);
    // Written before the endpoint is seen to be active: no queue has it.
    await happen(ref, 1);
  });
  await happen(ref, 1);
  const drain = await openDrain(database.db, ref.endpointId, 'test');
  expect(drain!.endpoint).toMatchObject({ status: 'active', disabledReason: null });
  const { events } = await replayPage(database.db, drain!.endpoint, drain!.replay!, PAGE);
  const log = await database.db.query<{ id: number }>(
    'select id from workspace_events where workspace_id = $1 order by id',
    [ref.workspaceId],
  );
  expect(events.map(({ id }) => id)).toEqual(log.map(({ id }) => id));
  expect(await waiting(ref)).toBe(0);
});

test("what is handed on to the line of messages' own URLs comes by its old number, whatever was dropped there before", async () => {
  const parent = await endpoint();
  await happen(parent, 3);
  const [first, second] = await queuedPage(database.db, parent.endpointId, 0, PAGE);
  const handOn = async (event: { id: number } | undefined): Promise<void> => {
    const found = await getEndpoint(database.db, parent);
    await inTx((tx) => moveToChild(tx, found!, event!.id, 'https://own.example.com/x'));
  };
  await handOn(second);
  const [child] = await database.db.query<{ id: string }>(
    'select id from webhook_endpoints where parent_id = $1',
    [parent.endpointId],
  );
  const ref = { workspaceId: parent.workspaceId, endpointId: child?.id ?? '' };
  await inTx((tx) => updateEndpoint(tx, ref, { status: 'disabled' }));
  await purgeWebhookQueue(database.db, PAGE);
  await inTx((tx) => updateEndpoint(tx, ref, { status: 'active' }));
  expect(await waiting(ref)).toBe(0);
  await handOn(first);
  expect((await queuedPage(database.db, ref.endpointId, 0, PAGE)).map(({ id }) => id)).toEqual([first?.id]);
  await purgeWebhookQueue(database.db, PAGE);
  expect(await waiting(ref)).toBe(1);
});

test('a replay from failingSince begins at the oldest event that was not taken, also of one that failed later', async () => {
  const ref = await endpoint();
  const drain = await openDrain(database.db, ref.endpointId, 'test');
  const fail = (notedAt: Date) =>
    inTx((tx) => noteFailure(tx, drain!, { text: 'no', countsAsStep: true, event: { notedAt } }));
  const [newer, older] = [new Date(Date.now() - HOUR_MS), new Date(Date.now() - 3 * HOUR_MS)];
  await fail(newer);
  await fail(older);
  await fail(newer);
  expect((await getEndpoint(database.db, ref))?.failingSince).toEqual(older);
});

describe('facts that a vendor dated', () => {
  /** What a replay since a moment tells, by type, in order. */
  async function replayed(ref: EndpointRef, since: Date): Promise<string[]> {
    await inTx((tx) => replayFrom(tx, ref, since));
    const drain = await openDrain(database.db, ref.endpointId, 'test');
    const { events } = await replayPage(database.db, drain!.endpoint, drain!.replay!, 1_000);
    return events.map(({ type }) => type);
  }

  /** A message of the endpoint's workspace, and what a vendor tells of it now, dated an hour ago. */
  async function vendor(ref: EndpointRef): Promise<(type: string) => Promise<void>> {
    const { messageIds } = await insertJobWith(database.db, 1);
    const messageId = messageIds[0] ?? '';
    const fact = (type: string) => ({
      messageId,
      type,
      atMs: Date.now() - HOUR_MS,
      data: {},
      dedupe: uuidv7(),
    });
    await database.db.query(
      `update webhook_endpoints set event_types = '{bounced,job.created}' where id = $1`,
      [ref.endpointId],
    );
    return (type) => inTx((tx) => noteEvents(tx, ref.workspaceId, [fact(type)]));
  }

  test('are replayed from when they were told, not from when they happened', async () => {
    const ref = await endpoint();
    const tell = await vendor(ref);
    await happen(ref, 3, HOUR_MS / 2);
    await tell('bounced');
    expect(await replayed(ref, new Date(Date.now() - HOUR_MS / 4))).toEqual(['bounced']);
  });

  test('do not make a replay begin behind what it should tell', async () => {
    const ref = await endpoint();
    const tell = await vendor(ref);
    await happen(ref, 3, HOUR_MS);
    const since = new Date(Date.now() - HOUR_MS / 2);
    await happen(ref, 5);
    for (let told = 0; told < 20; told += 1) await tell('opened');
    await happen(ref, 1);
    expect(await replayed(ref, since)).toHaveLength(6);
  });
});
