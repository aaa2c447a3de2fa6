import { VolleyError } from '../domain/errors';
import { TEST_TYPE } from '../domain/webhooks';
import { one, type Db, type Tx } from './database';
import { type EndpointRef } from './webhook-endpoints';

/** An endpoint whose workflow should look. */
export interface WebhookWake {
  readonly endpointId: string;
  readonly workspaceId: string;
  readonly version: number;
}

/** How long a wake-up that was lost keeps an endpoint waiting for the next. */
const WAKE_AGAIN_MS = 5_000;
/** What began before this and has not committed yet is not waited for: a statement ends after 30 s. */
const UNDER_WAY_MS = 60_000;

/**
 * Endpoints with something to do that nobody is doing: a change nobody has looked at, or events while no drain is under way and
 * no backoff runs. Taken so that no other relay takes them too.
 */
export async function takeWebhookWakes(db: Db, limit: number): Promise<WebhookWake[]> {
  return db.query<WebhookWake & { [key: string]: unknown }>(
    `with due as (
       select id from webhook_endpoints e where quiet_until <= ledger_now() and (version > observed_version
         or (status = 'active' and deleted_at is null
           and (replay_after is not null or exists (select 1 from webhook_queue q
             where q.endpoint_id = e.id and q.event_id > e.queue_floor))))
       order by quiet_until limit $1 for update skip locked
     )
     update webhook_endpoints e set quiet_until = ledger_now() + $2 * interval '1 millisecond'
     from due where e.id = due.id
     returning e.id as "endpointId", e.workspace_id as "workspaceId", e.version`,
    [limit, WAKE_AGAIN_MS],
  );
}

/**
 * Sets the endpoint's position to a moment, back or forward: what is queued goes, and all that the log has from then on is
 * told again, in order, with the ids of the first time; facts that somebody else dated count from when they were written. What commits from here on comes after it.
 */
export async function replayFrom(tx: Tx, ref: EndpointRef, since: Date): Promise<void> {
  // The queue up to a minute ago, however long it is, goes by its floor. What is newer is deleted, because rows of transactions
  // still under way are not seen here, and stay: told twice at worst.
  const rows = await tx.query<{ until: number; floor: number }>(
    `update webhook_endpoints set replay_since = $3, replay_until = last_event_id(),
       replay_after = position_at($3),
       queue_floor = greatest(queue_floor, first_event_since(ledger_now() - $4 * interval '1 millisecond') - 1),
       version = version + 1, quiet_until = '-infinity', retry_at = null, updated_at = ledger_now()
     where workspace_id = $1 and id = $2 and status = 'active' and deleted_at is null
     returning replay_until as until, queue_floor as floor`,
    [ref.workspaceId, ref.endpointId, since, UNDER_WAY_MS],
  );
  if (rows.length === 0)
    throw new VolleyError(
      'not_found',
      'There is no active endpoint with this id: put it back to active first.',
    );
  const { until, floor } = one(rows);
  await tx.query('delete from webhook_queue where endpoint_id = $1 and event_id > $2 and event_id <= $3', [
    ...[ref.endpointId, floor, until],
  ]);
  // What it tells again of messages' own URLs is put into their lines, wherever those were dropped.
  await tx.query(
    `update webhook_endpoints c set queue_floor = least(c.queue_floor, p.replay_after) from webhook_endpoints p
     where p.id = $1 and c.parent_id = p.id and c.deleted_at is null`,
    [ref.endpointId],
  );
}

/** Queues one `endpoint.test` for this endpoint alone. @returns the event's number. */
export async function queueTest(tx: Tx, ref: EndpointRef): Promise<number> {
  const { id } = one(
    await tx.query<{ id: number }>(
      'insert into workspace_events (workspace_id, type, data) values ($1, $2, $3) returning id',
      [ref.workspaceId, TEST_TYPE, JSON.stringify({ endpointId: ref.endpointId })],
    ),
  );
  await tx.query('insert into webhook_queue (endpoint_id, event_id) values ($1, $2)', [ref.endpointId, id]);
  return id;
}

/** Takes away what nobody is owed any more: of endpoints that are disabled or deleted, and what was dropped. @returns how many. */
export async function purgeWebhookQueue(db: Db, limit: number): Promise<number> {
  const rows = await db.query(
    `delete from webhook_queue q using (
       select d.endpoint_id, d.event_id from webhook_endpoints e cross join lateral (
         select q.endpoint_id, q.event_id from webhook_queue q where q.endpoint_id = e.id and q.event_id <=
           case when e.status = 'active' and e.deleted_at is null then e.queue_floor else 9223372036854775807 end
         order by q.event_id limit $1) d limit $1
     ) dead where q.endpoint_id = dead.endpoint_id and q.event_id = dead.event_id returning 1`,
    [limit],
  );
  return rows.length;
}

/**
 * Notes how far running jobs have come, each 10 %, where an endpoint wants to know. Asked for by the relay once a second, so
 * that neither claim nor settlement pays for it; a job faster than that skips steps.
 */
export async function noteJobProgress(db: Db): Promise<void> {
  await db.query(
    `with running as (
       select j.id, j.workspace_id from jobs j
       where j.phase = 'running' and j.kind <> 'send' and exists (select 1 from webhook_endpoints e
         where e.workspace_id = j.workspace_id and e.status = 'active' and e.deleted_at is null and 'job.progress' = any (e.event_types))
       for share of j skip locked
     ), counted as (
       select r.id, r.workspace_id, job_counts_json(r.id) as counts from running r
     ), measured as (
       select c.*, (select sum(value::bigint) from jsonb_each_text(c.counts) where key <> 'enqueued') as total,
         (select sum(value::bigint) from jsonb_each_text(c.counts) where key in ('pending', 'waiting', 'sending')) as open
       from counted c
     ), stepped as (
       select m.*, (floor((m.total - coalesce(m.open, 0)) * 10.0 / nullif(m.total, 0)) * 10)::int as percent from measured m
     )
     insert into workspace_events (workspace_id, job_id, type, data, dedupe)
     select workspace_id, id, 'job.progress', jsonb_build_object('percent', percent, 'counts', counts), 'progress/' || percent
     from stepped s where percent between 10 and 90
       and not exists (select 1 from workspace_events w where w.job_id = s.id and w.dedupe = 'progress/' || s.percent)
     on conflict (job_id, dedupe) do nothing`,
  );
}
