import { type MessageSpec } from '../domain/message-spec';
import { type Db, type Tx } from './database';
import { keepPlan, lockForPlan, messagesIn, type PlanInput, type Shard } from './shards';

/** A page shard in the hands of one activity. */
export interface PageShard {
  readonly jobId: string;
  readonly generation: number;
  readonly n: number;
}

/** The same, with the number under which it may begin attempts. */
export interface PageClaim extends PageShard {
  readonly claim: number;
}

/** A message of a shard that wants delivering, and how long to wait before it, in ms. */
export interface PageMessage {
  readonly messageId: string;
  readonly ordinal: number;
  readonly inMs: number;
  /** About as much as its JSON has. */
  readonly bytes: number;
  /** Never begun, and then who it is for: it may be begun in a group. */
  readonly fresh?: FreshMessage;
}

export interface FreshMessage {
  readonly spec: MessageSpec;
  readonly dueInMs: number;
  readonly expired: boolean;
}

/**
 * SQL: the state row `s` is in the hands of an open page shard: it is in its range and was due when that was planned. Written
 * out, because a function is called row by row.
 */
const IN_OPEN_PAGE = `exists (select 1 from shards o where o.job_id = s.job_id and o.lane = 'page' and o.ended_at is null
     and s.ordinal between o.first_ordinal and o.last_ordinal and s.due_at <= o.due_before)`;

/**
 * Pages share a process's slots: one more of them than the workflow asks for has what the others leave, and while one ends, waiting for its
 * last repetitions, the slots of that as well.
 */
const SPARE_SHARDS = 1;

/**
 * Plans the next page shards of a running job: ranges of ordinals with due rows that nobody has. No row is touched: an open
 * shard has the rows of its range that were due when it was planned. The same call again returns the same plan.
 */
export async function planPageShards(
  tx: Tx,
  input: Pick<PlanInput, 'jobId' | 'generation' | 'maxShards' | 'shardSize'>,
): Promise<Shard[]> {
  const { known, lengths } = await lockForPlan(tx, { ...input, spareShards: SPARE_SHARDS });
  if (known) return known;
  const rows = await tx.query<{ ordinal: number }>(
    `select s.ordinal from message_states s
     where s.job_id = $1 and s.state in ('pending', 'waiting', 'sending') and s.due_at <= ledger_now()
       and (s.held_until is null or s.held_until <= ledger_now())
       and not ${IN_OPEN_PAGE}
     order by s.due_at, s.ordinal limit $2`,
    [input.jobId, messagesIn(lengths)],
  );
  if (rows.length === 0) return [];
  return keepPlan(tx, input, { ordinals: rows.map(({ ordinal }) => ordinal), lengths, lane: 'page' });
}

/**
 * Takes a page shard over, from whoever had it: an older number may begin nothing from here on.
 * @returns undefined when the shard has ended.
 */
export async function beginPage(db: Db, shard: PageShard): Promise<number | undefined> {
  const [row] = await db.query<{ claim: number }>(
    `update shards set claim = nextval('shard_claims')
     where job_id = $1 and generation = $2 and n = $3 and ended_at is null returning claim`,
    [shard.jobId, shard.generation, shard.n],
  );
  return row?.claim;
}

/** How much one read of a shard's messages may bring, in messages and in bytes of their JSON; one message comes whatever it has. */
export interface PageLimit {
  readonly messages: number;
  readonly bytes: number;
}

/**
 * The next messages of a shard after an ordinal (SQL: page_messages): those it was planned for and nobody has begun; and those
 * that an activity before this one left behind, in a call whose answer is not known or waiting for their next attempt. `more`: there
 * may be others after them.
 */
export async function pageMessages(
  db: Db,
  shard: PageShard,
  after: number,
  limit: PageLimit,
): Promise<{ messages: PageMessage[]; more: boolean }> {
  const rows = await db.query<{
    id: string;
    ordinal: number;
    spec: string | null;
    due_in: number;
    expired: boolean;
    in_ms: number;
    found: number;
  }>(
    `with found as materialized (
       select id, ordinal, spec::text as spec, due_in, expired, in_ms from page_messages($1, $2, $3, $4, $5)
     ), measured as (
       select f.*, sum(octet_length(coalesce(spec, ''))) over (order by ordinal) as bytes, row_number() over (order by ordinal) as place,
         count(*) over () as found
       from found f
     )
     select id, ordinal, spec, due_in, expired, in_ms, found from measured where place = 1 or bytes <= $6 order by ordinal`,
    [shard.jobId, shard.generation, shard.n, after, limit.messages, limit.bytes],
    { prepared: true },
  );
  const found = rows[0]?.found ?? 0;
  return {
    messages: rows.map(({ id, ordinal, spec, due_in: dueInMs, expired, in_ms: inMs }) => ({
      ...{ messageId: id, ordinal, inMs, bytes: spec?.length ?? 0 },
      ...(spec ? { fresh: { spec: JSON.parse(spec) as MessageSpec, dueInMs, expired } } : {}),
    })),
    more: rows.length < found || found === limit.messages,
  };
}

/**
 * Ends a shard: what it did not begin, and what waits for its next attempt, is the planner's again. Open attempts stay held
 * until their own time is over. With a claim, only if that is still the newest.
 */
export async function endPage(tx: Tx, shard: PageShard & { readonly claim?: number }): Promise<void> {
  const ended = await tx.query(
    `update shards set ended_at = ledger_now()
     where job_id = $1 and generation = $2 and n = $3 and lane = 'page' and ended_at is null and ($4::bigint is null or claim = $4)
     returning 1`,
    [shard.jobId, shard.generation, shard.n, shard.claim ?? null],
  );
  if (ended.length === 0) return;
  await tx.query(
    `update message_states s set held_until = null
     from (select s.message_id from shards p join message_states s
             on s.job_id = p.job_id and s.ordinal between p.first_ordinal and p.last_ordinal
           where p.job_id = $1 and p.generation = $2 and p.n = $3 and s.plan = p.generation and s.state = 'waiting'
             and s.held_until is not null order by s.message_id for update of s) w
     where s.message_id = w.message_id`,
    [shard.jobId, shard.generation, shard.n],
  );
}

/** A fresh run of a job's workflow has no shard yet: whatever activity of an earlier run is still alive begins nothing more. */
export async function endPagesOf(db: Db, jobId: string): Promise<void> {
  await db.query(
    `update shards set ended_at = ledger_now() where job_id = $1 and lane = 'page' and ended_at is null`,
    [jobId],
  );
}

/**
 * As nextWakeUpMs, for a job in the page lane: what an open shard has is not to be planned, and the end of a shard wakes the
 * job by itself. From two indexes, whatever the number of messages.
 */
export async function nextPageWakeUpMs(db: Db, jobId: string): Promise<number | null> {
  const [row] = await db.query<Record<'free' | 'open' | 'held', number | null> & { shards: boolean }>(
    `select
       (select extract(epoch from s.due_at - ledger_now())::float8 * 1000 from message_states s
         where s.job_id = $1 and s.state in ('pending', 'waiting', 'sending') and s.state <> 'sending' and not ${IN_OPEN_PAGE}
           and (s.held_until is null or s.held_until <= ledger_now())
         order by s.due_at, s.ordinal limit 1) as free,
       (select extract(epoch from min(s.held_until) - ledger_now())::float8 * 1000 from message_states s
         where s.job_id = $1 and s.state = 'sending') as open,
       (select extract(epoch from min(s.held_until) - ledger_now())::float8 * 1000 from message_states s
         where s.job_id = $1 and s.state in ('pending', 'waiting') and s.held_until is not null and s.held_until > ledger_now()
           and not ${IN_OPEN_PAGE}) as held,
       exists (select 1 from shards p where p.job_id = $1 and p.lane = 'page' and p.ended_at is null) as shards`,
    [jobId],
  );
  const times = [row?.free, row?.open, row?.held].filter((ms): ms is number => ms != null);
  if (times.length > 0) return Math.max(0, Math.ceil(Math.min(...times)));
  return row?.shards ? OPEN_SHARD_LOOK_MS : null;
}

/** All that is left is in open shards: the look is for the case that the news of an end never comes. */
const OPEN_SHARD_LOOK_MS = 60_000;
