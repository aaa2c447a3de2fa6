import { performance } from 'node:perf_hooks';
import { fromCourierId } from '../../../src/domain/ids';
import { type Database } from '../../../src/ledger/database';
import { nextWakeUpMs, planShards, releaseJob } from '../../../src/ledger/shards';
import { type IntakeStand } from './stand';

const SHARDS = 2;
const SHARD_SIZE = 500;
const HOLD_MS = 900_000;
const TRIES = 5;
/** More than five plans take. */
const LAST = 10_000;
const SETTLED_PER_STATEMENT = 20_000;

export interface PlanRow {
  readonly where: string;
  /** Medians of five. The wake-up is asked while each plan's rows are held, as the engine asks. */
  readonly planMs: number;
  readonly wakeUpMs: number;
  readonly releaseMs: number;
}

/**
 * What one plan of 2 x 500 costs with a whole job, half of it and its last 10,000 messages unsettled, and what it costs to look
 * when every one of those is due tomorrow. Settled rows are not vacuumed on purpose: a running job is not either.
 */
export async function timePlanning(
  { db }: IntakeStand,
  job: { jobId: string; users: number },
): Promise<PlanRow[]> {
  const jobId = fromCourierId(job.jobId) ?? '';
  const rows: PlanRow[] = [];
  const measure = async (where: string, plans: boolean): Promise<void> => {
    const row = await timeOne(db, jobId, plans);
    rows.push({ where, ...row });
  };
  await measure('beginning', true);
  await settle(db, jobId, 0, Math.floor(job.users / 2));
  await measure('middle', true);
  await park(db, jobId, Math.floor(job.users / 2), job.users);
  await measure('half, all due tomorrow', false);
  await settle(db, jobId, Math.floor(job.users / 2), job.users - LAST);
  await db.query("update message_states set due_at = now() where job_id = $1 and state = 'waiting'", [jobId]);
  await measure('end', true);
  return rows;
}

async function timeOne(db: Database, jobId: string, plans: boolean): Promise<Omit<PlanRow, 'where'>> {
  const times: { plan: number[]; wakeUp: number[]; release: number[] } = {
    plan: [],
    wakeUp: [],
    release: [],
  };
  for (let i = 0; i < TRIES; i += 1) {
    const [job] = await db.query<{ generation: number }>('select generation from jobs where id = $1', [
      jobId,
    ]);
    const input = { jobId, generation: (job?.generation ?? 0) + 1, maxShards: SHARDS, shardSize: SHARD_SIZE };
    const shards = await timed(times.plan, () =>
      db.transaction((tx) => planShards(tx, { ...input, holdMs: HOLD_MS })),
    );
    const planned = shards.reduce((sum, shard) => sum + shard.size, 0);
    // A job that goes on has shards of different lengths (record 0035): fewer messages than their longest times their number.
    if (planned > 0 !== plans || planned > SHARDS * SHARD_SIZE) throw new Error(`planned ${planned}`);
    const wakeUp = await timed(times.wakeUp, () => nextWakeUpMs(db, jobId));
    if (wakeUp === null || wakeUp > 0 === plans) throw new Error(`the next wake-up is in ${wakeUp} ms`);
  }
  for (let i = 0; i < TRIES; i += 1) await timed(times.release, () => releaseJob(db, jobId));
  return { planMs: median(times.plan), wakeUpMs: median(times.wakeUp), releaseMs: median(times.release) };
}

async function timed<T>(into: number[], work: () => Promise<T>): Promise<T> {
  const startMs = performance.now();
  const result = await work();
  into.push(performance.now() - startMs);
  return result;
}

async function settle(db: Database, jobId: string, from: number, until: number): Promise<void> {
  await inParts(from, until, (first, last) =>
    db.query(
      `update message_states set state = 'canceled', reason = 'canceled', held_until = null
       where job_id = $1 and ordinal >= $2 and ordinal < $3 and state in ('pending', 'waiting')`,
      [jobId, first, last],
    ),
  );
}

async function park(db: Database, jobId: string, from: number, until: number): Promise<void> {
  await inParts(from, until, (first, last) =>
    db.query(
      `update message_states set state = 'waiting', wait_reason = 'scheduled_for', held_until = null,
         due_at = now() + interval '1 day'
       where job_id = $1 and ordinal >= $2 and ordinal < $3 and state in ('pending', 'waiting')`,
      [jobId, first, last],
    ),
  );
}

async function inParts(
  from: number,
  until: number,
  work: (first: number, last: number) => Promise<unknown>,
): Promise<void> {
  for (let first = from; first < until; first += SETTLED_PER_STATEMENT)
    await work(first, Math.min(until, first + SETTLED_PER_STATEMENT));
}

const median = (values: number[]): number =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
