import { Client } from 'pg';
import { type FinalState } from '../contract';

/** From the ledger by the recipient's id; the API has the same by message id, a hundred calls a page. */
export async function readStates(databaseUrl: string, run: string): Promise<Record<string, FinalState>> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ recipient_id: string; state: FinalState }>(
      `select m.recipient_id, s.state from messages m join message_states s on s.message_id = m.id
        where m.recipient_id like $1 and s.state in ('sent', 'failed')`,
      [`${run}-%`],
    );
    return Object.fromEntries(rows.map((row) => [row.recipient_id, row.state]));
  } finally {
    await client.end();
  }
}
