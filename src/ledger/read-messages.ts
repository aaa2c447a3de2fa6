import { type MessageState } from '../domain/states';
import { type DeliveryView, type EventView, type MessageView, type OutputView } from '../service/views';
import { type Engagement } from '../domain/outward';
import { one, type Db } from './database';
import { type MessageFilter } from './message-filter';
import { pageOfIds } from './page-of-ids';

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
  readonly parent_job_id: string | null;
  readonly archived: boolean;
  readonly event: string | null;
  readonly notification: string | null;
  readonly channel_id: string | null;
  readonly engaged: Engagement | null;
  readonly state_at: Date | null;
  readonly sent_at: Date | null;
  readonly delivered_at: Date | null;
  readonly opened_at: Date | null;
  readonly clicked_at: Date | null;
  readonly canceled_at: Date | null;
  readonly deliveries: DeliveryJson[] | null;
  readonly [key: string]: unknown;
}

/** A delivery as it comes out of jsonb: its dates are text. */
type DeliveryJson = Omit<DeliveryView, 'namedAt' | 'leftAt' | 'createdAt'> & {
  readonly namedAt: string | null;
  readonly leftAt: string | null;
  readonly createdAt: string;
};

const SELECT = `
  select m.id, m.workspace_id, m.job_id, m.ordinal, m.recipient_id, m.spec, m.echo, m.created_at, m.event, m.notification,
    m.channel_id, s.state, s.reason, s.detail, s.wait_reason, s.due_at, s.enqueued_at, s.updated_at,
    case when s.reached & 16 > 0 then 'clicked' when s.reached & 8 > 0 then 'opened' end as engaged,
    j.kind as job_kind, j.phase as job_phase, j.parent_job_id, j.archived_at is not null as archived, t.*,
    (select jsonb_agg(jsonb_build_object('id', d.id, 'channelId', d.channel_id, 'kind', d.kind, 'provider', d.provider,
       'vendorId', named.vendor_id, 'namedAt', named.finished_at,
       'leftAt', case when newest.outcome = 'permanent' or d.route < s.route then newest.finished_at end, 'detail', newest.said,
       'createdAt', d.created_at) order by d.route)
     from deliveries d
     left join lateral (select a.outcome, a.finished_at, coalesce(a.detail, a.code) as said from attempts a
       where a.message_id = m.id and a.delivery_id = d.id order by a.number desc limit 1) newest on true
     left join lateral (select a.vendor_id, a.finished_at from attempts a
       where a.message_id = m.id and a.delivery_id = d.id and a.vendor_id is not null order by a.number desc limit 1) named on true
     where d.message_id = m.id) as deliveries
  from messages m join message_states s on s.message_id = m.id join jobs j on j.id = m.job_id
  left join lateral (
    select min(at) filter (where type = 'sent') as sent_at, min(at) filter (where type = 'delivered') as delivered_at,
      min(at) filter (where type = 'opened') as opened_at, min(at) filter (where type = 'clicked') as clicked_at,
      min(at) filter (where type = 'canceled') as canceled_at,
      max(at) filter (where type = s.state) as state_at
    from events e where e.message_id = m.id) t on true`;

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

/**
 * One page by keyset (see message-filter.ts), in the order of its walk: the next one begins after its last row. Messages of jobs
 * that are still open are not listed.
 */
export async function readMessagePage(db: Db, filter: MessageFilter): Promise<MessageView[]> {
  const { sql, values, order } = pageOfIds(await boundByBirth(db, filter));
  const rows = await db.query<Row>(
    `with page as (${sql}) ${SELECT} where m.id in (select id from page)
     order by ${order} ${filter.oldestFirst ? 'asc' : 'desc'}`,
    values,
  );
  return rows.map(toView);
}

/** Messages that a page asks for one by one; of more, a walk down the ids meets enough of them soon. */
const FEW = 2_000;

/** A message enqueued after a moment was created after it, or in a job that was not over by then. */
async function boundByBirth(db: Db, filter: MessageFilter): Promise<MessageFilter> {
  if (!filter.enqueuedAfter) return filter;
  const { oldest } = one(
    await db.query<{ oldest: Date }>(
      `select least($2::timestamptz, min(created_at)) as oldest from jobs
       where workspace_id = $1 and coalesce(settled_at, 'infinity') >= $2`,
      [filter.workspaceId, filter.enqueuedAfter],
    ),
  );
  const enqueued = await db.query<{ id: string }>(
    `select message_id as id from message_states where workspace_id = $1 and enqueued_at >= $2 limit $3`,
    [filter.workspaceId, filter.enqueuedAfter, FEW + 1],
  );
  return {
    ...filter,
    bornAfter: oldest,
    ...(enqueued.length > FEW ? {} : { enqueuedIds: enqueued.map(({ id }) => id) }),
  };
}

function toView(row: Row): MessageView {
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
    parentJobId: row.parent_job_id,
    archived: row.archived,
    event: row.event,
    notification: row.notification,
    channelId: row.channel_id,
    engaged: row.engaged,
    stateAt: row.state_at ?? row.created_at,
    sentAt: row.sent_at,
    deliveredAt: row.delivered_at,
    openedAt: row.opened_at,
    clickedAt: row.clicked_at,
    canceledAt: row.canceled_at,
    deliveries: (row.deliveries ?? []).map(toDelivery),
  };
}

function toDelivery({ namedAt, leftAt, createdAt, ...delivery }: DeliveryJson): DeliveryView {
  const date = (text: string | null): Date | null => (text === null ? null : new Date(text));
  return {
    ...delivery,
    ...{ namedAt: date(namedAt), leftAt: date(leftAt), createdAt: new Date(createdAt) },
  };
}

/** A message's timeline, oldest first: its admission, then the facts as they were written. */
export async function readEvents(
  db: Db,
  input: { workspaceId: string; messageId: string },
): Promise<EventView[]> {
  return db.query<{ id: number; at: Date; type: string; data: Record<string, unknown> }>(
    `select created_at as at, 'accepted' as type, '{}'::jsonb as data, 0::bigint as id from messages where id = $1 and workspace_id = $2
     union all
     select at, type, data, id from events where message_id = $1 and workspace_id = $2 and type <> 'accepted'
     order by id`,
    [input.messageId, input.workspaceId],
  );
}

/** What was said, delivery by delivery, in the order of the routes. Empty until one was attempted. */
export async function readOutputs(
  db: Db,
  input: { workspaceId: string; messageId: string },
): Promise<OutputView[]> {
  return db.query<OutputView & Record<string, unknown>>(
    `select d.kind, d.channel_id as "channelId", c.content
     from deliveries d join rendered_contents c on c.workspace_id = d.workspace_id and c.sha256 = d.words
     where d.message_id = $1 and d.workspace_id = $2 order by d.route`,
    [input.messageId, input.workspaceId],
  );
}
