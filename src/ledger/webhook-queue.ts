import { type JobKind } from '../domain/states';
import { type Database, type Db, type Tx } from './database';
import { ENDPOINT_COLUMNS, type DisabledReason, type WebhookEndpoint } from './webhook-endpoints';

/** One event that an endpoint is owed. */
export interface QueuedEvent {
  readonly id: number;
  readonly at: Date;
  /** When it was written: later than `at` where a vendor dated it. */
  readonly notedAt: Date;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly messageId: string | null;
  readonly recipientId: string | null;
  readonly jobId: string | null;
  readonly jobKind: JobKind | null;
}

/** Numbers of the log, from the one after `after`. */
interface Replay {
  readonly after: number;
  readonly until: number;
}

/** An endpoint being drained. `lease` fences: a drain that lost it stops after the call it is in. */
export interface Drain {
  readonly endpoint: WebhookEndpoint;
  readonly lease: string;
  /** A range of the log still to be replayed, before the queue. */
  readonly replay: Replay | null;
  /** How long its backoff still is, in ms; 0 where it may be called. */
  readonly backoffMs: number;
}

/** Nobody else wakes the workflow while a drain says that it is alive: longer than one call may take. */
const QUIET_WHILE_DRAINING = `ledger_now() + interval '60 seconds'`;
/** The workflow's own timer is first; the relay comes after it only where the workflow is gone. */
const RETRY_MARGIN_MS = 5_000;
/** Ids of the log that one statement of a replay looks through: other workspaces' events lie between. */
const REPLAY_WINDOW = 5_000;
/** Rows that one drain takes out of the queue for its replay: more than it tells in its time, so the next one comes in time for the rest. */
const REPLAYED_ROWS = 10_000;

/**
 * Takes the endpoint for a drain and notes that its newest version was seen; undefined where it is deleted. A replay that this version
 * asks for begins here, by the same statement. It reaches to what is written by now: what was written before its endpoint was active
 * again has no queue row.
 */
export function openDrain(db: Database, endpointId: string, lease: string): Promise<Drain | undefined> {
  return db.transaction((tx) => takeForDrain(tx, endpointId, lease));
}

async function takeForDrain(tx: Tx, endpointId: string, lease: string): Promise<Drain | undefined> {
  const [row] = await tx.query<
    WebhookEndpoint & { after: number | null; until: number | null; backoff: number; [key: string]: unknown }
  >(
    `update webhook_endpoints set lease = $2, observed_version = version, quiet_until = ${QUIET_WHILE_DRAINING},
       replay_until = case when replay_after is not null then coalesce(replay_until, last_event_id()) end
     where id = $1 and deleted_at is null returning ${ENDPOINT_COLUMNS}, replay_after as after, replay_until as until,
       greatest(0, coalesce(extract(epoch from retry_at - ledger_now()) * 1000, 0))::float8 as backoff`,
    [endpointId, lease],
  );
  if (!row) {
    await tx.query('update webhook_endpoints set observed_version = version where id = $1', [endpointId]);
    return undefined;
  }
  const { after, until, backoff, ...endpoint } = row;
  const replay = after === null || until === null ? null : { after, until };
  if (replay) await dropReplayed(tx, endpointId, replay);
  return { endpoint, lease, replay, backoffMs: backoff };
}

/**
 * What the replay has yet to tell leaves the queue. Rows of transactions still under way are not seen here and stay, told twice at worst;
 * and what is not after its position is told by the queue alone.
 */
async function dropReplayed(tx: Tx, endpointId: string, { after, until }: Replay): Promise<void> {
  await tx.query(
    `delete from webhook_queue where endpoint_id = $1 and event_id in (
       select q.event_id from webhook_queue q where q.endpoint_id = $1 and ${OWED_AFTER} and q.event_id <= $3
       order by q.event_id limit $4)`,
    [endpointId, after, until, REPLAYED_ROWS],
  );
}

/** The columns of a `QueuedEvent` but its id, of `e` (events), `w` (workspace_events), `m` and `j`. */
export const EVENT = `coalesce(e.at, w.at) as at, coalesce(e.noted_at, e.at, w.at) as "notedAt", coalesce(e.type, w.type) as type, coalesce(e.data, w.data) as data,
  e.message_id as "messageId", m.recipient_id as "recipientId", j.id as "jobId", j.kind as "jobKind"`;
export const OF_JOBS = `left join messages m on m.id = e.message_id left join jobs j on j.id = coalesce(m.job_id, w.job_id)`;

/** Of a queue `q` of endpoint $1, what is owed after the id $2. */
export const OWED_AFTER = `q.event_id > greatest($2, (select queue_floor from webhook_endpoints where id = $1))`;

/** The next of what is owed after an id, in order. From the front (0) nothing that has committed is missed. */
export async function queuedPage(
  db: Db,
  endpointId: string,
  after: number,
  limit: number,
): Promise<QueuedEvent[]> {
  return db.query<QueuedEvent & { [key: string]: unknown }>(
    `select q.event_id as id, ${EVENT} from webhook_queue q
     left join events e on e.id = q.event_id left join workspace_events w on w.id = q.event_id ${OF_JOBS}
     where q.endpoint_id = $1 and ${OWED_AFTER}
     order by q.event_id limit $3`,
    [endpointId, after, limit],
  );
}

/** The next of a replay, and where the search got to. An empty page with `through` at the end means that it is over. */
export async function replayPage(
  db: Db,
  endpoint: Pick<WebhookEndpoint, 'workspaceId' | 'eventTypes'>,
  replay: Replay,
  limit: number,
): Promise<{ events: QueuedEvent[]; through: number }> {
  const end = Math.min(replay.until, replay.after + REPLAY_WINDOW);
  const events = await db.query<QueuedEvent & { [key: string]: unknown }>(
    `with log as (
       select id from events where id > $1 and id <= $2 and workspace_id = $3 and type = any($4)
       union all
       select id from workspace_events where id > $1 and id <= $2 and workspace_id = $3 and type = any($4)
     )
     select log.id, ${EVENT} from log
     left join events e on e.id = log.id left join workspace_events w on w.id = log.id ${OF_JOBS}
     order by log.id limit $5`,
    [replay.after, end, endpoint.workspaceId, endpoint.eventTypes, limit],
  );
  return { events, through: events.length < limit ? end : (events.at(-1)?.id ?? end) };
}

/** A call ($5) that was taken ends what failed before it. */
const CLEAN_IF_CALLED = `failures = case when $5 then 0 else failures end,
  failing_since = case when $5 then null else failing_since end, failing_from = case when $5 then null else failing_from end,
  retry_at = case when $5 then null else retry_at end, last_success_at = case when $5 then ledger_now() else last_success_at end`;

/**
 * The receiver took it (or it was none of its business): gone from the queue. The record of failures is clean again.
 * @returns false when the drain has to stop: someone else has the endpoint, or its owner changed it.
 */
export async function settleQueued(db: Db, drain: Drain, eventId: number, called: boolean): Promise<boolean> {
  const rows = await db.query(
    `with gone as (delete from webhook_queue where endpoint_id = $1 and event_id = $3)
     update webhook_endpoints set quiet_until = ${QUIET_WHILE_DRAINING},
       ${CLEAN_IF_CALLED}
     where id = $1 and lease = $2 and version = $4 and status = 'active' and deleted_at is null returning 1`,
    [drain.endpoint.id, drain.lease, eventId, drain.endpoint.version, called],
  );
  return rows.length > 0;
}

/** How far a replay has come; at its end it is over. @returns as settleQueued. */
export async function moveReplay(db: Db, drain: Drain, through: number, called: boolean): Promise<boolean> {
  const rows = await db.query(
    `update webhook_endpoints set quiet_until = ${QUIET_WHILE_DRAINING},
       replay_after = case when $3 < replay_until then $3::bigint end,
       replay_since = case when $3 < replay_until then replay_since end,
       replay_until = case when $3 < replay_until then replay_until end,
       ${CLEAN_IF_CALLED}
     where id = $1 and lease = $2 and version = $4 and status = 'active' and deleted_at is null returning 1`,
    [drain.endpoint.id, drain.lease, through, drain.endpoint.version, called],
  );
  return rows.length > 0;
}

/** Everything was taken: the relay may wake the workflow again as soon as there is more. */
export async function closeDrain(db: Db, drain: Drain): Promise<void> {
  await db.query(`update webhook_endpoints set quiet_until = '-infinity' where id = $1 and lease = $2`, [
    drain.endpoint.id,
    drain.lease,
  ]);
}

/** Notes a failed call, and from when on everything is owed if it is the first in a row. @returns how long it has been failing and the failures before; undefined when the drain has to stop. */
export async function noteFailure(
  tx: Tx,
  drain: Drain,
  failure: { text: string; countsAsStep: boolean; event: Pick<QueuedEvent, 'notedAt'> },
): Promise<{ failingForMs: number; failures: number } | undefined> {
  const [row] = await tx.query<{ ms: number; before: number }>(
    `update webhook_endpoints set failures = failures + $4::int, failing_since = coalesce(failing_since, ledger_now()),
       failing_from = least(failing_from, $6, ledger_now()),
       last_failure_at = ledger_now(), last_failure = $5
     where id = $1 and lease = $2 and version = $3 and status = 'active' and deleted_at is null
     returning (extract(epoch from ledger_now() - failing_since) * 1000)::float8 as ms, failures - $4 as before`,
    [
      ...[drain.endpoint.id, drain.lease, drain.endpoint.version, failure.countsAsStep ? 1 : 0, failure.text],
      failure.event.notedAt,
    ],
  );
  return row && { failingForMs: row.ms, failures: row.before };
}

/**
 * The next call comes after `waitMs`, and the workflow looks again after `lookMs`, by its own timer; the relay stands behind it.
 */
export async function scheduleRetry(tx: Tx, drain: Drain, waitMs: number, lookMs: number): Promise<void> {
  await tx.query(
    `update webhook_endpoints set retry_at = ledger_now() + $2 * interval '1 millisecond',
       quiet_until = ledger_now() + $3 * interval '1 millisecond' where id = $1`,
    [drain.endpoint.id, Math.ceil(waitMs), Math.ceil(lookMs) + RETRY_MARGIN_MS],
  );
}

/** The backoff goes on, and the workflow looks again after `lookMs`; a change by the owner is not delayed by it. */
export async function stayBackedOff(db: Db, drain: Drain, lookMs: number): Promise<void> {
  await db.query(
    `update webhook_endpoints set quiet_until = ledger_now() + $4 * interval '1 millisecond'
     where id = $1 and lease = $2 and version = $3`,
    [drain.endpoint.id, drain.lease, drain.endpoint.version, Math.ceil(lookMs) + RETRY_MARGIN_MS],
  );
}

/**
 * Disables an endpoint that is gone or dead, and tells the others of its workspace. Its queue is dropped, however long it is:
 * the log keeps the events, and a replay from `failingSince` brings them back.
 */
export async function disableEndpoint(tx: Tx, drain: Drain, reason: DisabledReason): Promise<void> {
  const { endpoint } = drain;
  const [row] = await tx.query<{ since: Date | null }>(
    `update webhook_endpoints set status = 'disabled', disabled_reason = $2, disabled_at = ledger_now(), retry_at = null,
       replay_after = null, replay_until = null, replay_since = null, queue_floor = last_event_id(),
       version = version + 1, observed_version = version + 1, updated_at = ledger_now()
     where id = $1 returning coalesce(failing_from, failing_since) as since`,
    [endpoint.id, reason],
  );
  await tx.query(
    `insert into workspace_events (workspace_id, type, data) values ($1, 'endpoint.disabled', $2)`,
    [
      endpoint.workspaceId,
      JSON.stringify({
        endpointId: endpoint.id,
        form: endpoint.form,
        reason,
        failingSince: row?.since ?? null,
      }),
    ],
  );
}
