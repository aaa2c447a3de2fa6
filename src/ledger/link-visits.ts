import { type Recipient } from '../domain/message-spec';
import { type Db } from './database';

/** The delivery that a recipient's click, opening or unsubscription is noted under. */
export interface VisitedDelivery {
  readonly workspaceId: string;
  readonly channelId: string;
  /** The ledger's clock, epoch ms. */
  readonly nowMs: number;
  /** The timeline has this fact already. */
  readonly known: boolean;
}

/** The message's newest delivery; undefined before there is one. One statement, and no lock: most visits are repeated ones. */
export async function findVisited(
  db: Db,
  messageId: string,
  dedupe: string,
): Promise<VisitedDelivery | undefined> {
  const [row] = await db.query<VisitedDelivery & Record<string, unknown>>(
    `select d.workspace_id as "workspaceId", d.channel_id as "channelId",
       (extract(epoch from ledger_now()) * 1000)::float8 as "nowMs",
       exists (select 1 from events e where e.message_id = d.message_id and e.dedupe = d.channel_id || '/' || $2) as known
     from deliveries d where d.message_id = $1 order by d.route desc limit 1`,
    [messageId, dedupe],
  );
  return row;
}

/** Whom a message of this workspace was written to, and in whose name: the job's tenant where they have none of their own. */
export async function findRecipient(
  db: Db,
  ref: { workspaceId: string; messageId: string },
): Promise<Recipient | undefined> {
  const [row] = await db.query<{ recipient: Recipient; tenant_id: string | null }>(
    `select m.spec -> 'recipient' as recipient, m.tenant_id from message_states s join messages m on m.id = s.message_id
     where s.message_id = $1 and s.workspace_id = $2`,
    [ref.messageId, ref.workspaceId],
  );
  return row && { ...row.recipient, ...(row.tenant_id === null ? {} : { tenantId: row.tenant_id }) };
}
