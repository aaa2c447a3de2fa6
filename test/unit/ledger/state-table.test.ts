import { MESSAGE_STATES, TRANSITIONS, type MessageState } from '../../../src/domain/states';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { insertJobWith, moveTo, PATH_TO } from './world';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const isAllowed = (from: MessageState, to: MessageState): boolean => TRANSITIONS[from].includes(to);
const pairs = MESSAGE_STATES.flatMap((from) => MESSAGE_STATES.map((to) => [from, to] as const));

test('the table in the code is the one in the database, pair by pair', async () => {
  const rows = await database.db.query<{ from: MessageState; to: MessageState; allowed: boolean }>(
    `select f as "from", t as "to", transition_allowed(f, t) as allowed
     from unnest($1::text[]) as f cross join unnest($1::text[]) as t`,
    [MESSAGE_STATES],
  );
  expect(rows).toHaveLength(MESSAGE_STATES.length ** 2);
  for (const { from, to, allowed } of rows)
    expect({ from, to, allowed }).toEqual({ from, to, allowed: isAllowed(from, to) });
});

test('the database makes every move of the table and refuses every other', async () => {
  const { messageIds } = await insertJobWith(database.db, pairs.length);
  for (const [index, [from, to]] of pairs.entries()) {
    const messageId = messageIds[index] ?? '';
    for (const step of PATH_TO[from]) await moveTo(database.db, messageId, step);
    const moved = await moveTo(database.db, messageId, to).then(
      () => true,
      () => false,
    );
    // A row may always be written without a move.
    expect({ from, to, moved }).toEqual({ from, to, moved: from === to || isAllowed(from, to) });
  }
});

test('who says the time and the bits of a move by themselves is put right, and is refused what the table refuses', async () => {
  const { messageIds } = await insertJobWith(database.db, 2);
  const [id = '', other = ''] = messageIds;
  const write = (messageId: string, state: MessageState, reached: number) =>
    database.db.query<{ reached: number; enqueued: boolean }>(
      `update message_states s set state = $2, reached = $3::int, updated_at = ledger_now() + interval '1 s',
         enqueued_at = coalesce(s.enqueued_at, ledger_now() + interval '1 s')
       where message_id = $1 returning reached, enqueued_at is not null as enqueued`,
      [messageId, state, reached],
    );
  expect(await write(id, 'sending', 8)).toEqual([{ reached: 8, enqueued: true }]);
  expect(await write(id, 'sent', 0)).toEqual([{ reached: 9, enqueued: true }]);
  await expect(write(other, 'sent', 1)).rejects.toThrow('does not move');
  expect(await write(other, 'rejected', 0)).toEqual([{ reached: 0, enqueued: false }]);
});

test('nobody puts a message there in another state than pending, or one that is no state', async () => {
  const { messageIds } = await insertJobWith(database.db, 1);
  await database.db.query('delete from message_states where message_id = $1', [messageIds[0]]);
  const insert = (state: string) =>
    database.db.query(
      `insert into message_states (message_id, workspace_id, job_id, ordinal, due_at, state)
       select id, workspace_id, job_id, ordinal, ledger_now(), $2 from messages where id = $1`,
      [messageIds[0], state],
    );
  await expect(insert('sent')).rejects.toThrow('begins as pending');
  await expect(insert('lost')).rejects.toThrow('begins as pending');
  await insert('pending');
  await expect(moveTo(database.db, messageIds[0] ?? '', 'lost' as MessageState)).rejects.toThrow(
    'does not move',
  );
});

test('who and what of a message, and what happened to it, never change', async () => {
  const { messageIds } = await insertJobWith(database.db, 1);
  const [id] = messageIds;
  await database.db.query(
    `insert into events (message_id, workspace_id, type) select id, workspace_id, 'sent' from messages where id = $1`,
    [id],
  );
  await expect(
    database.db.query(`update messages set recipient_id = 'other' where id = $1`, [id]),
  ).rejects.toThrow('never change');
  await expect(
    database.db.query(`update events set type = 'failed' where message_id = $1`, [id]),
  ).rejects.toThrow('never change');
});
