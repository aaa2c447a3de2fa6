import { v7 as uuidv7 } from 'uuid';
import { OperatorError } from '../../../src/domain/operator-error';
import { migrate } from '../../../src/ledger/migrate';
import { createOldDatabase, type TestDatabase } from '../../support/database';
import { insertJobWith } from './world';

let old: TestDatabase;
beforeAll(async () => {
  old = await createOldDatabase('0015');
});
afterAll(() => old?.drop());

test('a ledger that an older version filled keeps what vendors call a message, and the words that it was sent with', async () => {
  const { messageIds } = await insertJobWith(old.db, 2);
  const [sentId = '', otherId = ''] = messageIds;
  const [state] = await old.db.query<{ workspace_id: string }>(
    'select workspace_id from message_states where message_id = $1',
    [sentId],
  );
  const workspaceId = state?.workspace_id ?? '';
  const channelId = uuidv7();
  const words = Buffer.alloc(32, 7);
  const deliver = async (messageId: string, vendorId: string | null): Promise<string> => {
    const deliveryId = uuidv7();
    await old.db.query(
      `insert into deliveries (id, message_id, workspace_id, route, channel_id, kind, provider, vendor_id)
       values ($1, $2, $3, 0, $4, 'sms', 'twilio', $5)`,
      [deliveryId, messageId, workspaceId, channelId, vendorId],
    );
    return deliveryId;
  };
  const attempt = (messageId: string, deliveryId: string, number: number, outcome: string) =>
    old.db.query(
      `insert into attempts (id, delivery_id, message_id, number, generation, owner, started_at, deadline_at, outcome)
       values ($1, $2, $3, $4, 0, 'old', now(), now(), $5)`,
      [uuidv7(), deliveryId, messageId, number, outcome],
    );
  const sent = await deliver(sentId, 'SM1');
  // The last one was lost: the id came with the one before.
  await attempt(sentId, sent, 1, 'retryable');
  await attempt(sentId, sent, 2, 'accepted');
  await attempt(sentId, sent, 3, 'lost');
  const other = await deliver(otherId, null);
  await attempt(otherId, other, 1, 'permanent');
  await old.db.query('insert into rendered_contents (workspace_id, sha256, content) values ($1, $2, $3)', [
    ...[workspaceId, words],
    JSON.stringify({ text: 'Hi' }),
  ]);
  await old.db.query('insert into delivery_outputs (delivery_id, workspace_id, sha256) values ($1, $2, $3)', [
    ...[sent, workspaceId, words],
  ]);

  expect(await migrate(old.url)).toContain('0015_group_costs.sql');

  expect(
    await old.db.query('select number, vendor_id from attempts where message_id = $1 order by number', [
      sentId,
    ]),
  ).toEqual([
    { number: 1, vendor_id: null },
    { number: 2, vendor_id: 'SM1' },
    { number: 3, vendor_id: null },
  ]);
  expect(await old.db.query('select * from vendor_ids')).toEqual([
    { channel_id: channelId, vendor_id: 'SM1', delivery_id: sent },
  ]);
  const kept = await old.db.query<{ id: string; words: Buffer | null }>('select id, words from deliveries');
  expect(new Map(kept.map(({ id, words: hash }) => [id, hash]))).toEqual(
    new Map([
      [sent, words],
      [other, null],
    ]),
  );
});

test('a ledger of a newer Volley is refused in a sentence that names what is unknown', async () => {
  await old.db.query(`insert into volley_migrations (name, sha256) values ('9999_later.sql', '')`);
  const refused = migrate(old.url);
  await expect(refused).rejects.toBeInstanceOf(OperatorError);
  await expect(refused).rejects.toThrow(
    'The database was migrated by a newer Volley (9999_later.sql): start that version instead.',
  );
});
