import { type JobSpec } from '../domain/message-spec';
import { type Pinned } from '../domain/pinned';
import { type Guarantee, type JobKind } from '../domain/states';
import { one, type Db } from './database';
import { type DeliveryContext } from './delivery-context';
import { type FreshMessage } from './page-shards';
import { readSettings } from './workspaces';
import { sealFacts, wishesOf, type FactsInput, type GateRow, type SealedFacts } from './gate-facts';

/** What all messages of a job share in a delivery: read once for a shard. */
export type JobContext = Pick<
  DeliveryContext,
  'workspaceId' | 'jobId' | 'jobKind' | 'jobSpec' | 'pinned' | 'guarantee'
>;

export async function loadJobContext(db: Db, jobId: string): Promise<JobContext> {
  const row = one(
    await db.query<{
      workspace_id: string;
      kind: JobKind;
      spec: JobSpec;
      pinned: Pinned | null;
      guarantee: Guarantee;
    }>('select workspace_id, kind, spec, pinned, guarantee from jobs where id = $1', [jobId]),
  );
  return {
    workspaceId: row.workspace_id,
    jobId,
    jobKind: row.kind,
    jobSpec: row.spec,
    pinned: row.pinned,
    guarantee: row.guarantee,
  };
}

/** A message that was never begun, as loadDelivery would have it. What has changed since it was read, the claim refuses. */
export function freshContext(job: JobContext, { spec, dueInMs, expired }: FreshMessage): DeliveryContext {
  return {
    ...job,
    ...{ spec, state: 'pending', attempts: 0, route: 0, sinceFirstAttemptMs: 0 },
    ...{ dueInMs, expired, openChannelId: null, reason: null },
  };
}

/**
 * As readGateFacts, for a group of fresh messages of one workspace that ask for no frequency cap: one statement, one moment.
 * @returns in the order of the group; undefined for a message that is gone.
 */
export async function readGroupFacts(
  db: Db,
  group: readonly { readonly input: FactsInput; readonly keys: readonly Buffer[] }[],
): Promise<(SealedFacts | undefined)[]> {
  const [first] = group;
  if (!first) return [];
  const places = group.flatMap(({ keys }, place) => keys.map(() => place));
  const topicOf = ({ input }: (typeof group)[number]) => wishesOf(input.message).topicId ?? null;
  const rows = await db.query<GateRow & { place: number }>(
    `with given as materialized (
       select id, topic_id, user_id, tenant_id, (place - 1)::integer as place
       from unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) with ordinality g(id, topic_id, user_id, tenant_id, place)
     ), keyed as materialized (
       select k.place, k.key from unnest($6::integer[], $7::bytea[]) k(place, key)
     ), versions as (
       select k.place, sum(f.version)::bigint as version from keyed k
       join recipient_facts f on f.workspace_id = $1 and f.key = k.key group by k.place
     ), stops as (
       select k.place, jsonb_object_agg(encode(x.address_key, 'hex'), x.reason) as stopped from keyed k
       join suppressions x on x.workspace_id = $1 and x.address_key = k.key group by k.place
     )
     select g.place, (extract(epoch from ledger_now()) * 1000)::float8 as now_ms,
       s.cancel_requested or j.cancel_requested as canceled, s.attempts,
       (extract(epoch from s.valid_until) * 1000)::float8 as valid_until_ms,
       (extract(epoch from coalesce(j.run_at, j.created_at)) * 1000)::float8 as started_at_ms, false as tried,
       j.paused or j.suspended is not null or j.phase <> 'running' as paused,
       (extract(epoch from s.due_at - ledger_now()) * 1000)::float8 as due_in_ms, case when g.place = 0 then w.settings end as settings,
       coalesce(v.version, 0) as version, coalesce(x.stopped, '{}') as stopped,
       case when g.topic_id is not null then
         (select jsonb_build_object('status', p.status, 'channels', p.channels, 'has_channels', p.has_channels) from preferences p
           where p.workspace_id = $1 and p.user_id = g.user_id and p.topic_id = g.topic_id and p.tenant_id in ('', g.tenant_id)
           order by p.tenant_id desc limit 1) end as stored,
       case when g.topic_id is not null then
         (select t.default_status from topics t where t.workspace_id = $1 and t.id = g.topic_id) end as topic_default,
       '[]'::jsonb as uses
     from given g cross join lateral (select * from message_states s where s.message_id = g.id limit 1) s
     join jobs j on j.id = s.job_id join workspaces w on w.id = $1 left join versions v on v.place = g.place left join stops x on x.place = g.place`,
    [
      first.input.message.workspaceId,
      group.map(({ input }) => input.messageId),
      group.map(topicOf),
      group.map(({ input }) => input.message.spec.recipient.id),
      group.map(({ input }) => input.message.spec.recipient.tenantId ?? ''),
      places,
      group.flatMap(({ keys }) => keys),
    ],
  );
  const byPlace = new Map(rows.map((row) => [row.place, row]));
  // The workspace's, told once.
  const settings = readSettings(byPlace.get(0)?.settings);
  return group.map(({ input, keys }, place) => {
    const row = byPlace.get(place);
    return row && sealFacts(input, keys, row, settings);
  });
}
