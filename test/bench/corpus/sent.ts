import { v7 as uuidv7 } from 'uuid';
import { Client } from 'pg';

/** A message that its provider took and said no more about. */
export interface SentMessage {
  readonly messageId: string;
  readonly deliveryId: string;
}

/** Everything of a settled job that went out over one channel, for callbacks to tell of; counters and all. */
const ROWS: readonly string[] = [
  `insert into jobs (id, workspace_id, kind, phase, spec, definition, next_ordinal, run_at, settled_at, observed_version)
   values ($1, $2, 'bulk', 'settled', '{"data": {}}', '{"event": "sent"}', $5, ledger_now(), ledger_now(), 1)`,
  `insert into messages (id, workspace_id, job_id, ordinal, recipient_id, spec, echo, event)
   select uuidv7(), $2, $1, n, 'user-' || n, jsonb_build_object('recipient', jsonb_build_object('id', 'user-' || n, 'idGenerated',
     false, 'addresses', jsonb_build_object('email', 'user-' || n || '@example.test', 'sms', '+31600000000')), 'data', '{}'::jsonb),
     '{}', 'sent' from generate_series(0, $5 - 1) n`,
  `insert into message_states (message_id, workspace_id, job_id, ordinal, state, due_at, attempts, first_attempt_at, enqueued_at, reached)
   select id, workspace_id, job_id, ordinal, 'sent', created_at, 1, created_at, created_at, 1 from messages where job_id = $1`,
  `insert into deliveries (id, message_id, workspace_id, route, channel_id, kind, provider)
   select uuidv7(), id, $2, 0, $3, case $4 when 'twilio' then 'sms' else 'email' end, $4 from messages where job_id = $1`,
  `insert into attempts (id, delivery_id, message_id, number, generation, owner, started_at, deadline_at, finished_at, outcome)
   select uuidv7(), d.id, d.message_id, 1, 0, 'bench', d.created_at, d.created_at, d.created_at, 'accepted'
   from deliveries d where d.channel_id = $3`,
  `insert into events (message_id, workspace_id, type)
   select m.id, $2, e.type from messages m cross join (values ('sending'), ('sent')) e(type) where m.job_id = $1`,
  `insert into job_counts (job_id, slot, state, n)
   select $1, ordinal % 16, c.state, count(*) from messages cross join (values ('sent'), ('enqueued'), ('ever_sent')) c(state)
   where job_id = $1 group by 2, 3`,
];

export async function fillSent(
  connectionString: string,
  input: { workspaceId: string; channelId: string; provider: 'sendgrid' | 'twilio'; count: number },
): Promise<readonly SentMessage[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    // Rows are made as they ended: the rules about how they get there are not what is measured.
    await client.query("set session_replication_role = 'replica'");
    const values = [uuidv7(), input.workspaceId, input.channelId, input.provider, input.count];
    const literals = values.map((value) => (typeof value === 'number' ? String(value) : `'${value}'`));
    for (const statement of ROWS)
      await client.query(statement.replace(/\$(\d)/g, (_, n) => literals[Number(n) - 1] ?? ''));
    await client.query('analyze');
    const { rows } = await client.query<SentMessage>(
      'select message_id as "messageId", id as "deliveryId" from deliveries where channel_id = $1 order by message_id',
      [input.channelId],
    );
    return rows;
  } finally {
    await client.end();
  }
}
