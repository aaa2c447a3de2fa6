import { type MessageState } from '../domain/states';
import { type DeliveryView, type EventView, type MessageView } from '../service/views';
import { type Db } from './database';

interface Row {
  readonly id: string;
  readonly workspace_id: string;
  readonly job_id: string;
  readonly ordinal: number;
  readonly recipient_id: string;
  readonly spec: MessageView['spec'];
  readonly echo: unknown;
  readonly created_at: Date;
  readonly state: MessageState;
  readonly reason: MessageView['reason'];
  readonly detail: string | null;
  readonly wait_reason: MessageView['waitReason'];
  readonly due_at: Date;
  readonly enqueued_at: Date | null;
  readonly updated_at: Date;
  readonly job_kind: MessageView['jobKind'];
  readonly job_phase: MessageView['jobPhase'];
  readonly definition: unknown;
  readonly channel_id: string | null;
  readonly sent_at: string | null;
  readonly delivered_at: string | null;
  readonly deliveries: (Omit<DeliveryView, 'createdAt'> & { createdAt: string })[] | null;
  readonly [key: string]: unknown;
}

const SELECT = `
  select m.id, m.workspace_id, m.job_id, m.ordinal, m.recipient_id, m.spec, m.echo, m.created_at,
    s.state, s.reason, s.detail, s.wait_reason, s.due_at, s.enqueued_at, s.updated_at,
    j.kind as job_kind, j.phase as job_phase, j.definition, j.channel_id,
    (select min(at) from events e where e.message_id = m.id and e.type = 'sent') as sent_at,
    (select min(at) from events e where e.message_id = m.id and e.type = 'delivered') as delivered_at,
    (select jsonb_agg(jsonb_build_object('id', d.id, 'channelId', d.channel_id, 'kind', d.kind, 'provider', d.provider,
       'vendorId', d.vendor_id, 'createdAt', d.created_at) order by d.route) from deliveries d where d.message_id = m.id) as deliveries
  from messages m join message_states s on s.message_id = m.id join jobs j on j.id = m.job_id`;

export async function readMessageRow(
  db: Db,
  input: { workspaceId: string; messageId: string },
): Promise<MessageView | undefined> {
  const [row] = await db.query<Row>(`${SELECT} where m.id = $1 and m.workspace_id = $2`, [
    input.messageId,
    input.workspaceId,
  ]);
  return row && toView(row);
}

export interface MessageFilter {
  readonly workspaceId: string;
  readonly channelId?: string;
  readonly jobId?: string;
  readonly states?: readonly { readonly state: MessageState; readonly waitReasons?: readonly string[] }[];
  readonly startAt?: Date;
  readonly endAt?: Date;
  readonly after?: { readonly createdAt: Date; readonly id: string };
  readonly limit: number;
}

/** Newest first by id (version 7: by time), by keyset: a page costs the same wherever it lies. Open jobs' are not listed. */
export async function readMessagePage(db: Db, filter: MessageFilter): Promise<MessageView[]> {
  const values: unknown[] = [filter.workspaceId];
  const conditions = [`m.workspace_id = $1`, `j.phase <> 'open'`];
  const add = (condition: (place: string) => string, value: unknown): void => {
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  if (filter.jobId) add((p) => `m.job_id = ${p}`, filter.jobId);
  if (filter.channelId) add((p) => `j.channel_id = ${p}`, filter.channelId);
  if (filter.startAt) add((p) => `m.created_at >= ${p}`, filter.startAt);
  if (filter.endAt) add((p) => `m.created_at <= ${p}`, filter.endAt);
  if (filter.states) {
    add(
      (p) => `exists (select 1 from jsonb_to_recordset(${p}::jsonb) as f(state text, "waitReasons" jsonb)
        where f.state = s.state and (f."waitReasons" is null or f."waitReasons" ? coalesce(s.wait_reason, '')))`,
      JSON.stringify(filter.states),
    );
  }
  if (filter.after) add((p) => `m.id < ${p}`, filter.after.id);
  values.push(filter.limit);
  const rows = await db.query<Row>(
    `${SELECT} where ${conditions.join(' and ')}
     order by m.id desc limit $${values.length}`,
    values,
  );
  return rows.map(toView);
}

function toView(row: Row): MessageView {
  const date = (text: string | Date | null): Date | null => (text === null ? null : new Date(text));
  return {
    messageId: row.id,
    workspaceId: row.workspace_id,
    jobId: row.job_id,
    ordinal: row.ordinal,
    recipientId: row.recipient_id,
    spec: row.spec,
    echo: row.echo,
    createdAt: row.created_at,
    state: row.state,
    reason: row.reason,
    detail: row.detail,
    waitReason: row.wait_reason,
    dueAt: row.due_at,
    enqueuedAt: row.enqueued_at,
    updatedAt: row.updated_at,
    jobKind: row.job_kind,
    jobPhase: row.job_phase,
    jobDefinition: row.definition,
    channelId: row.channel_id,
    sentAt: date(row.sent_at),
    deliveredAt: date(row.delivered_at),
    deliveries: (row.deliveries ?? []).map((d) => ({ ...d, createdAt: new Date(d.createdAt) })),
  };
}

/** A message's timeline, oldest first: its admission, then the facts as they were written. */
export async function readEvents(
  db: Db,
  input: { workspaceId: string; messageId: string },
): Promise<EventView[]> {
  return db.query<{ at: Date; type: string; data: Record<string, unknown> }>(
    `select created_at as at, 'accepted' as type, '{}'::jsonb as data, 0 as id from messages where id = $1 and workspace_id = $2
     union all
     select at, type, data, id from events where message_id = $1 and workspace_id = $2 and type <> 'accepted'
     order by id`,
    [input.messageId, input.workspaceId],
  );
}
