import { ATTEMPT_MARGIN_MS } from '../domain/retry';
import { type FanOut } from '../domain/states';
import { type Db, type Tx } from './database';

export interface Shard {
  readonly n: number;
  readonly first: number;
  readonly last: number;
  readonly size: number;
}

/** A job that is smaller than its shards is spread over them, but a shard of a handful would cost more than it brings. */
const MIN_SHARD_SIZE = 25;

export interface PlanInput {
  readonly jobId: string;
  /** The generation this plan makes. If the job already has it, the plan was made by a lost try of the same call. */
  readonly generation: number;
  readonly maxShards: number;
  readonly shardSize: number;
  readonly holdMs: number;
  /** Planned beyond `maxShards` where a job has more than those take. 0 where absent. */
  readonly spareShards?: number;
}

/**
 * Plans the next shards of a running job: due rows that nobody holds, oldest due first, cut into ranges of ordinals. Raises the
 * generation and holds the rows in one transaction, so that no row is in two shards. The same call again returns the same plan.
 */
export async function planShards(tx: Tx, input: PlanInput): Promise<Shard[]> {
  const { known, lengths } = await lockForPlan(tx, input);
  if (known) return known;
  const rows = await tx.query<{ ordinal: number }>(
    `with due as (
       select message_id from message_states
       where job_id = $1 and state in ('pending', 'waiting', 'sending') and due_at <= ledger_now()
         and (held_until is null or held_until <= ledger_now())
       order by due_at, ordinal limit $2
     )
     update message_states s set plan = $3, held_until = greatest(s.held_until, ledger_now() + $4 * interval '1 millisecond')
     from (select message_id from due order by message_id) d where s.message_id = d.message_id returning s.ordinal`,
    [input.jobId, messagesIn(lengths), input.generation, input.holdMs],
  );
  if (rows.length === 0) return [];
  return keepPlan(tx, input, { ordinals: rows.map(({ ordinal }) => ordinal), lengths, lane: 'workflow' });
}

/**
 * Locks the job for a plan. `known`: what an earlier try of the same call planned, nothing where nothing may be planned now; absent
 * where there is a new plan to make, of as many shards as there are lengths, with so many messages each.
 */
export async function lockForPlan(
  tx: Tx,
  input: Omit<PlanInput, 'holdMs'>,
): Promise<{ readonly known?: Shard[]; readonly lengths: readonly number[] }> {
  const [job] = await tx.query<{ generation: number; messages: number; ready: boolean }>(
    `select generation, next_ordinal as messages,
       phase = 'running' and not paused and not cancel_requested and suspended is null as ready
     from jobs where id = $1 for update`,
    [input.jobId],
  );
  if (job && job.generation >= input.generation)
    return { known: await plannedShards(tx, input.jobId, input.generation), lengths: [] };
  if (!job?.ready) return { known: [], lengths: [] };
  return { lengths: lengthsOf(input, job) };
}

/**
 * As long as they may be, the last of them; each of those before it is shorter, so that no two which begin together end together. A shard
 * ends slowly, with its last repetitions, and its places should be another's meanwhile. A job that begins with all of its messages
 * has shards of one length: it ends when the longest does.
 */
function lengthsOf(
  { maxShards, shardSize, spareShards = 0 }: Omit<PlanInput, 'holdMs'>,
  job: { readonly generation: number; readonly messages: number },
): number[] {
  const whole = job.generation === 0 && job.messages <= maxShards * shardSize;
  const length = whole ? maxShards : maxShards + spareShards;
  return Array.from({ length }, (_, n) => (whole ? shardSize : Math.ceil((shardSize * (n + 1)) / length)));
}

/** Cuts what was found into shards, and writes them down under the plan's generation. */
export async function keepPlan(
  tx: Tx,
  { jobId, generation }: Pick<PlanInput, 'jobId' | 'generation'>,
  found: { readonly ordinals: readonly number[]; readonly lengths: readonly number[]; readonly lane: FanOut },
): Promise<Shard[]> {
  const shards = cutShards(found.ordinals, found.lengths);
  await tx.query('update jobs set generation = $2 where id = $1', [jobId, generation]);
  await tx.query(
    `insert into shards (job_id, generation, n, first_ordinal, last_ordinal, due_before, size, lane)
     select $1, $2, n, first, last, ledger_now(), size, $7 from unnest($3::int[], $4::int[], $5::int[], $6::int[]) as s(n, first, last, size)`,
    [
      ...[jobId, generation],
      ...(['n', 'first', 'last', 'size'] as const).map((key) => shards.map((shard) => shard[key])),
      found.lane,
    ],
  );
  return shards;
}

/** Ranges of ordinals, of the given lengths; where there are fewer, as many ranges, if they are worth it, of about one length. */
function cutShards(given: readonly number[], lengths: readonly number[]): Shard[] {
  const ordinals = given.toSorted((a, b) => a - b);
  const even = Math.min(
    lengths.at(-1) ?? 0,
    Math.max(MIN_SHARD_SIZE, Math.ceil(ordinals.length / lengths.length)),
  );
  const isFull = ordinals.length === messagesIn(lengths);
  const shards: Shard[] = [];
  for (let from = 0; from < ordinals.length; from += shards.at(-1)?.size ?? 0) {
    const length = isFull ? (lengths[shards.length] ?? even) : even;
    const part = ordinals.slice(from, from + length);
    shards.push({ n: shards.length, first: part[0] ?? 0, last: part.at(-1) ?? 0, size: part.length });
  }
  return shards;
}

/** What shards of these lengths take together. */
export function messagesIn(lengths: readonly number[]): number {
  return lengths.reduce((total, length) => total + length, 0);
}

async function plannedShards(tx: Tx, jobId: string, generation: number): Promise<Shard[]> {
  return tx.query<Shard & { [key: string]: unknown }>(
    `select n, first_ordinal as first, last_ordinal as last, size from shards where job_id = $1 and generation = $2 order by n`,
    [jobId, generation],
  );
}

/** Which of a shard's messages still want a child: its own by plan, unsettled, due when it was planned. */
export async function shardMessages(
  db: Db,
  shard: { jobId: string; generation: number; n: number },
): Promise<string[]> {
  const rows = await db.query<{ message_id: string }>(
    `select s.message_id from shards p join message_states s
       on s.job_id = p.job_id and s.ordinal between p.first_ordinal and p.last_ordinal
     where p.job_id = $1 and p.generation = $2 and p.n = $3 and s.plan = p.generation
       and s.state in ('pending', 'waiting', 'sending') and s.due_at <= p.due_before
     order by s.ordinal`,
    [shard.jobId, shard.generation, shard.n],
  );
  return rows.map((row) => row.message_id);
}

/** How long a message whose child is open elsewhere stays held after its shard gave up on it, in ms: no busy loop. */
const HELD_ELSEWHERE_MS = 30_000;

/**
 * SQL: until when an open attempt of `s` is its holder's. A plan holds the message for its shard, which is longer; once that shard has given
 * up, nobody is to wait for more than this.
 */
const OWN_TIME = `(select greatest(ledger_now(), max(a.deadline_at) + ${ATTEMPT_MARGIN_MS} * interval '1 millisecond')
  from attempts a where a.message_id = s.message_id and a.outcome is null)`;

/**
 * Gives back what a shard held but did not settle, so that the planner finds it now and not when the hold runs out. Those in
 * `heldElsewhere` have an open child of an earlier shard, which usually settles them: they come free a little later. Open attempts come
 * free when their own time is over. Rows are locked in ascending id, as everywhere.
 */
export async function releaseShard(
  db: Db,
  shard: { jobId: string; generation: number; n: number; heldElsewhere: readonly string[] },
): Promise<void> {
  await db.query(
    `update message_states s
     set held_until = case when s.state = 'sending' then least(s.held_until, ${OWN_TIME})
       when s.message_id = any($4::uuid[]) then ledger_now() + $5 * interval '1 millisecond' end
     from (select s.message_id from shards p join message_states s
             on s.job_id = p.job_id and s.ordinal between p.first_ordinal and p.last_ordinal
           where p.job_id = $1 and p.generation = $2 and p.n = $3 and s.plan = p.generation
             and s.state in ('pending', 'waiting', 'sending') and s.held_until is not null and s.due_at <= p.due_before
           order by s.message_id for update of s) h
     where s.message_id = h.message_id`,
    [shard.jobId, shard.generation, shard.n, shard.heldElsewhere, HELD_ELSEWHERE_MS],
  );
}

/**
 * A fresh run of a job's workflow has no shard yet: holds of earlier runs end, those of open attempts with their own time. Only a plan
 * makes holds in a bulk job, so one that was never planned (every job's first run) has none to look for. Reads what is held, by an
 * index of that.
 */
export async function releaseJob(db: Db, jobId: string): Promise<void> {
  const held = (states: string): string =>
    `select message_id from message_states where job_id = $1 and ${states} and held_until is not null
       and (select kind <> 'bulk' or generation > 0 from jobs where id = $1)`;
  await db.query(
    `with held as materialized (${held(`state in ('pending', 'waiting')`)} union all ${held(`state = 'sending'`)}),
     locked as materialized (
       select l.message_id from (select message_id from held order by message_id) h
       cross join lateral (select s.message_id from message_states s where s.message_id = h.message_id
         and s.state in ('pending', 'waiting', 'sending') and s.held_until is not null for update) l
     )
     update message_states s set held_until = case when s.state = 'sending' then least(s.held_until, ${OWN_TIME}) end
     from locked l where s.message_id = l.message_id`,
    [jobId],
  );
}

/**
 * Ms until the earliest message is due and not held: 0 for now, null when nothing is unsettled. Reads the held rows at most, which
 * the shards in flight bound, and not all that are unsettled (`next_wake_up` in migration 0010).
 */
export async function nextWakeUpMs(db: Db, jobId: string): Promise<number | null> {
  const [row] = await db.query<{ ms: number | null }>(
    'select extract(epoch from next_wake_up($1) - ledger_now())::float8 * 1000 as ms',
    [jobId],
  );
  return row?.ms == null ? null : Math.max(0, Math.ceil(row.ms));
}
