import { type JobKind, type JobPhase, type MessageState } from '../domain/states';
import { type Tx, type Db } from './database';

/**
 * A restored ledger counts on from an old version, while the job's workflow remembers a higher one and would not wake for
 * less. A job gets one version a command: a billion is beyond what any has been given, and leaves room for millions of these.
 */
const BEYOND_ANY_SEEN = 1_000_000_000;

/** What an operator looks at before a suspended job may go on. */
export interface Suspension {
  readonly jobId: string;
  readonly kind: JobKind;
  readonly phase: JobPhase;
  readonly suspended: string | null;
  readonly version: number;
  /** The newest thing that this ledger knows of the job: what came after it was lost with the newer copy. */
  readonly lastChangeAt: Date;
  readonly states: Readonly<Partial<Record<MessageState, number>>>;
  /** Not settled here. Those that the lost part of the ledger had sent will be sent again. */
  readonly unsettled: number;
  /** Calls without an outcome: recovery repeats them under their old key, or ends them in doubt. */
  readonly openAttempts: number;
}

/** The job as it stands, counted by its rows; undefined where there is none. The id must be a UUID. */
export async function readSuspension(db: Db, jobId: string): Promise<Suspension | undefined> {
  const [row] = await db.query<Suspension & Record<string, unknown>>(
    `with s as (select state, updated_at from message_states where job_id = $1)
     select j.id as "jobId", j.kind, j.phase, j.suspended, j.version,
       greatest(j.created_at, j.run_at, j.settled_at, (select max(updated_at) from s)) as "lastChangeAt",
       (select coalesce(jsonb_object_agg(state, n), '{}') from (select state, count(*) as n from s group by 1) c) as states,
       (select count(*) from s where state in ('pending', 'waiting', 'sending')) as unsettled,
       (select count(*) from attempts a join message_states m using (message_id)
        where m.job_id = $1 and a.outcome is null) as "openAttempts"
     from jobs j where j.id = $1`,
    [jobId],
  );
  return row;
}

/**
 * Lets a suspended job go on: one transition like any other command, with a version beyond all that its workflow can have
 * seen, and the outbox row that makes the relay tell it. A job that is not suspended stays as it is.
 * @returns the new version; undefined where there was nothing to clear.
 */
export async function clearSuspension(tx: Tx, jobId: string): Promise<number | undefined> {
  const [job] = await tx.query<{ version: number }>(
    `update jobs set suspended = null, version = version + $2 where id = $1 and suspended is not null returning version`,
    [jobId, BEYOND_ANY_SEEN],
  );
  if (!job) return undefined;
  await tx.query(
    `insert into outbox (job_id, workspace_id, version, next_at)
     select id, workspace_id, version, ledger_now() from jobs where id = $1
     on conflict (job_id) do update set version = excluded.version, attempts = 0, next_at = excluded.next_at`,
    [jobId],
  );
  return job.version;
}
