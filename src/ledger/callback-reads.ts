import { type ChannelKind } from '../domain/kinds';
import { type Recipient } from '../domain/message-spec';
import { type MessageState } from '../domain/states';
import { type ProviderEvent } from '../providers/callbacks/contract';
import { type Db, type Tx } from './database';

/** The delivery that a fact is about. */
export interface DeliveryMatch {
  readonly deliveryId: string;
  readonly messageId: string;
  readonly kind: ChannelKind;
  readonly route: number;
}

/**
 * The deliveries that these facts name, by the facts' places: by our delivery's id, else the message's newest delivery, else
 * the vendor's id. Only those of this channel: what names another's is undefined here, as if there were none.
 */
export async function findDeliveries(
  db: Db,
  channel: { readonly workspaceId: string; readonly channelId: string },
  events: readonly ProviderEvent[],
): Promise<(DeliveryMatch | undefined)[]> {
  const rows = await db.query<DeliveryMatch & { place: number }>(
    `select g.place, d.id as "deliveryId", d.message_id as "messageId", d.kind, d.route
     from unnest($3::int[], $4::uuid[], $5::uuid[], $6::text[]) g(place, delivery_id, message_id, vendor_id)
     cross join lateral (
       (select 1 as rank, * from deliveries where id = g.delivery_id)
       union all (select 2, * from deliveries where message_id = g.message_id and channel_id = $2 order by route desc limit 1)
       union all (select 3, d.*
         from (select delivery_id from vendor_ids where channel_id = $2 and vendor_id = g.vendor_id limit 1) v
         cross join lateral (select * from deliveries where id = v.delivery_id limit 1) d)
       order by rank limit 1
     ) d where d.workspace_id = $1 and d.channel_id = $2`,
    [
      channel.workspaceId,
      channel.channelId,
      events.map((_, place) => place),
      events.map(({ deliveryId }) => deliveryId ?? null),
      events.map(({ messageId }) => messageId ?? null),
      events.map(({ vendorId }) => vendorId ?? null),
    ],
  );
  const byPlace = new Map(rows.map((row) => [row.place, row]));
  return events.map((_, place) => byPlace.get(place));
}

/** A message as a fact finds it. */
export interface StandingRow {
  readonly messageId: string;
  readonly state: MessageState;
  readonly route: number;
  readonly inDoubt: boolean;
  readonly recipient: Recipient;
  /** When its newest attempt began, epoch ms: nothing that a vendor tells happened before. */
  readonly sinceMs: number;
  /** Of the given facts, those that its timeline has already. */
  readonly known: ReadonlySet<string>;
}

/** Locks these messages, by ascending id as everywhere, and says where they stand. */
export async function lockStandings(
  tx: Tx,
  messageIds: readonly string[],
  dedupes: readonly string[],
): Promise<Map<string, StandingRow>> {
  if (messageIds.length === 0) return new Map();
  // Locked first and read then: a timeline is asked only once nobody else can add to it.
  await tx.query(
    'select 1 from message_states where message_id = any($1::uuid[]) order by message_id for update',
    [messageIds],
  );
  const rows = await tx.query<Omit<StandingRow, 'known'> & { known: string[] | null }>(
    `select s.message_id as "messageId", s.state, s.route, m.spec -> 'recipient' as recipient, coalesce(a."inDoubt", false) as "inDoubt",
       (extract(epoch from coalesce(a.since, m.created_at)) * 1000)::float8 as "sinceMs",
       (select array_agg(e.dedupe) from events e where e.message_id = s.message_id and e.dedupe = any($2::text[])) as known
     from message_states s join messages m on m.id = s.message_id
     left join lateral (
       select bool_or(x.outcome in ('ambiguous', 'lost')) as "inDoubt", max(x.started_at) as since
       from attempts x join deliveries d on d.id = x.delivery_id where x.message_id = s.message_id and d.route = s.route
     ) a on true
     where s.message_id = any($1::uuid[])`,
    [messageIds, dedupes],
  );
  return new Map(rows.map((row) => [row.messageId, { ...row, known: new Set(row.known ?? []) }]));
}
