import { VolleyError } from '../domain/errors';
import { TEST_TYPE } from '../domain/webhooks';
import { one, type Db, type Tx } from './database';
import { updateEndpoint, type EndpointRef } from './webhook-endpoints';
import { type QueuedEvent } from './webhook-queue';

/** An endpoint whose workflow should look. */
export interface WebhookWake {
  readonly endpointId: string;
  readonly workspaceId: string;
  readonly version: number;
}

/** How long a wake-up that was lost keeps an endpoint waiting for the next. */
const WAKE_AGAIN_MS = 5_000;
/** What began a minute before and has not committed yet is not waited for: a statement ends after 30 s. */
const FLOOR_OF_A_REPLAY = `first_event_since(ledger_now() - interval '1 minute') - 1`;

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
 * told again, in order, with the ids of the first time; facts that somebody else dated count from when they were written. What
 * commits once a drain has begun it comes after it, and so does what commits only now by a number before the position, which may have
 * been written since. A disabled endpoint is put back to active by it, so that nothing newer is told before.
 * @throws VolleyError: not_found; invalid_request for one of messages' own URLs, whose events are its subscription's.
 */
export async function replayFrom(tx: Tx, ref: EndpointRef, since: Date): Promise<void> {
  const [found] = await tx.query<{ parentId: string | null; status: string }>(
    `select parent_id as "parentId", status from webhook_endpoints where workspace_id = $1 and id = $2 and deleted_at is null for update`,
    [ref.workspaceId, ref.endpointId],
  );
  if (!found) throw new VolleyError('not_found', 'There is no such webhook endpoint in this workspace.');
  if (found.parentId !== null) {
    throw new VolleyError(
      'invalid_request',
      `This endpoint has no log of its own: replay its subscription, ${found.parentId}, which tells messages' own URLs too.`,
    );
  }
  if (found.status === 'disabled') await updateEndpoint(tx, ref, { status: 'active' });
  // The queue up to a minute ago, however long it is, goes by its floor. Of what was queued since then, what is before the moment is
  // deleted as it is seen now, and what the replay will tell as that goes on (openDrain).
  await tx.query(
    `with asked as (
       update webhook_endpoints set replay_since = $2, replay_until = null, replay_after = position_at($2),
         queue_floor = greatest(queue_floor, ${FLOOR_OF_A_REPLAY}),
         version = version + 1, quiet_until = '-infinity', retry_at = null, updated_at = ledger_now()
       where id = $1 returning queue_floor, replay_after
     )
     delete from webhook_queue q using asked
     where q.endpoint_id = $1 and q.event_id > asked.queue_floor and q.event_id <= asked.replay_after`,
    [ref.endpointId, since],
  );
  // What it tells again of messages' own URLs is put into their lines, wherever those were dropped.
  await tx.query(
    `update webhook_endpoints c set queue_floor = least(c.queue_floor, p.replay_after) from webhook_endpoints p
     where p.id = $1 and c.parent_id = p.id and c.deleted_at is null`,
    [ref.endpointId],
  );
}

/** Queues one `endpoint.test` for this endpoint alone. @returns what its id is made of. */
export async function queueTest(
  tx: Tx,
  ref: EndpointRef,
): Promise<Pick<QueuedEvent, 'id' | 'at' | 'type' | 'messageId' | 'jobId'>> {
  const { id, at } = one(
    await tx.query<{ id: number; at: Date }>(
      'insert into workspace_events (workspace_id, type, data) values ($1, $2, $3) returning id, at',
      [ref.workspaceId, TEST_TYPE, JSON.stringify({ endpointId: ref.endpointId })],
    ),
  );
  await tx.query('insert into webhook_queue (endpoint_id, event_id) values ($1, $2)', [ref.endpointId, id]);
  return { id, at, type: TEST_TYPE, messageId: null, jobId: null };
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
