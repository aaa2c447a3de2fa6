import { v7 as uuidv7 } from 'uuid';
import { createHandOn } from '../../../activities/webhooks/hand-on';
import { type Dependencies } from '../../../activities/dependencies';
import { type Db } from '../../../src/ledger/database';
import { getEndpoint, insertEndpoint } from '../../../src/ledger/webhook-endpoints';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { insertJobWith } from '../ledger/world';

/** More than a round may take. */
const LEAP_MS = 60_000;
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());
afterEach(() => jest.restoreAllMocks());

/** A subscription of Bird's form, and a message of its workspace with a URL of its own. */
async function subscription() {
  const { db } = database;
  const endpointId = uuidv7();
  const echo = { notification: { url: 'https://own.example.com/x' } };
  const { workspaceId, messageIds } = await insertJobWith(db, 1, echo);
  await insertEndpoint(db, {
    ...{ id: endpointId, workspaceId, form: 'bird', url: 'https://example.com', eventTypes: ['sent'] },
    ...{ filters: { service: 'channels', event: 'sms.outbound' }, sealedSecrets: Buffer.alloc(0) },
  });
  const endpoint = await getEndpoint(db, { workspaceId, endpointId });
  const happen = (on: Db) =>
    on.query(`insert into events (message_id, workspace_id, type) values ($1, $2, 'sent')`, [
      ...[messageIds[0], workspaceId],
    ]);
  const rowsOfOwn = async () => {
    const [row] = await db.query<{ n: number }>(
      `select count(*) as n from webhook_queue where endpoint_id in (select id from webhook_endpoints where parent_id = $1)`,
      [endpointId],
    );
    return row?.n;
  };
  return { endpoint: endpoint!, happen, rowsOfOwn };
}

/** Writes, and commits when it is told to. */
async function underWay(write: (on: Db) => Promise<unknown>): Promise<() => Promise<void>> {
  let commit: () => void = () => undefined;
  const told = new Promise<void>((resolve) => (commit = resolve));
  let over: Promise<void> = Promise.resolve();
  await new Promise<void>((written) => {
    over = database.db.transaction(async (tx) => {
      await write(tx);
      written();
      await told;
    });
  });
  return () => {
    commit();
    return over;
  };
}

test('what commits by a lower number behind a round that ran out of time is handed on all the same', async () => {
  const { endpoint, happen, rowsOfOwn } = await subscription();
  let leptMs = 0;
  const now = Date.now.bind(Date);
  jest.spyOn(Date, 'now').mockImplementation(() => now() + leptMs);
  const bird = () => {
    leptMs += LEAP_MS;
    return {};
  };
  const handOn = createHandOn({ db: database.db, webhookBodies: { bird } } as unknown as Dependencies);
  const commit = await underWay(happen);
  await happen(database.db);
  expect(await handOn.round(endpoint)).toBe(false);
  await commit();
  expect(await handOn.round(endpoint)).toBe(true);
  await handOn.round(endpoint);
  expect(await rowsOfOwn()).toBe(2);
});
