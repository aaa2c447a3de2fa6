import { VolleyError } from '../domain/errors';
import { type FanOut, type Guarantee, type JobKind, type JobPhase } from '../domain/states';
import { type JobSpec } from '../domain/message-spec';
import { type Pinned } from '../domain/pinned';
import { one, type Db, type Tx } from './database';

/** A job's row, without its counts. */
export interface JobRow {
  readonly id: string;
  readonly workspace_id: string;
  readonly kind: JobKind;
  readonly phase: JobPhase;
  readonly paused: boolean;
  readonly cancel_requested: boolean;
  readonly suspended: string | null;
  readonly guarantee: Guarantee;
  readonly fan_out: FanOut;
  readonly version: number;
  readonly observed_version: number;
  readonly generation: number;
  readonly next_ordinal: number;
  readonly channel_id: string | null;
}

/** A send to one recipient: its message's workflow is the job's. */
export function isAlone(job: Pick<JobRow, 'kind' | 'next_ordinal'>): boolean {
  return job.kind === 'send' && job.next_ordinal === 1;
}

const COLUMNS = `id, workspace_id, kind, phase, paused, cancel_requested, suspended, guarantee, fan_out, version, observed_version,
  generation, next_ordinal, channel_id`;

/** Inserts a job; one that is there already (the same id, from a repeated activity) stays as it is. */
export async function insertJob(
  tx: Tx,
  job: {
    id: string;
    workspaceId: string;
    kind: JobKind;
    phase: JobPhase;
    guarantee: Guarantee;
    /** Absent: a child workflow for each message. */
    fanOut?: FanOut | undefined;
    channelId?: string;
    spec: JobSpec;
    definition: unknown;
    pinned?: Pinned;
    /** The job of the message that this one sends again. */
    parentJobId?: string;
  },
): Promise<void> {
  await tx.query(
    `insert into jobs (id, workspace_id, kind, phase, guarantee, channel_id, spec, definition, pinned, parent_job_id, fan_out, run_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, case when $4 = 'running' then ledger_now() end)
     on conflict (id) do nothing`,
    [
      job.id,
      job.workspaceId,
      job.kind,
      job.phase,
      job.guarantee,
      job.channelId ?? null,
      JSON.stringify(job.spec),
      JSON.stringify(job.definition),
      job.pinned ? JSON.stringify(job.pinned) : null,
      job.parentJobId ?? null,
      job.fanOut ?? 'workflow',
    ],
  );
  await noteInOutbox(tx, job.id);
}

/** The job, locked against every other command until this transaction ends. Another workspace's job does not exist. */
export async function lockJob(tx: Tx, ref: { workspaceId: string; jobId: string }): Promise<JobRow> {
  const [job] = await tx.query<JobRow>(
    `select ${COLUMNS} from jobs where id = $1 and workspace_id = $2 for update`,
    [ref.jobId, ref.workspaceId],
  );
  if (!job) throw new VolleyError('not_found', 'No job has this id.');
  return job;
}

/** The job for an activity, which knows only its id. */
export async function findJob(db: Db, jobId: string): Promise<JobRow | undefined> {
  const [job] = await db.query<JobRow>(`select ${COLUMNS} from jobs where id = $1`, [jobId]);
  return job;
}

export async function jobContent(db: Db, jobId: string): Promise<{ spec: JobSpec; pinned: Pinned | null }> {
  return one(
    await db.query<{ spec: JobSpec; pinned: Pinned | null }>('select spec, pinned from jobs where id = $1', [
      jobId,
    ]),
  );
}

/** Adds to next_ordinal and raises the version: an ingestion is a command like any other. */
export async function growJob(tx: Tx, jobId: string, added: number): Promise<number> {
  return changeJob(tx, jobId, 'next_ordinal = next_ordinal + $2', added);
}

/** Open to running: nothing joins after this. The caller holds the job's lock and has checked the phase. */
export async function sealJob(tx: Tx, jobId: string, pinned: Pinned): Promise<number> {
  return changeJob(
    tx,
    jobId,
    "phase = 'running', run_at = ledger_now(), pinned = $2",
    JSON.stringify(pinned),
  );
}

/** Sets or clears pause, or asks for cancellation. The claim obeys from the commit on. */
export async function setIntent(
  tx: Tx,
  jobId: string,
  intent: 'pause' | 'resume' | 'cancel',
): Promise<number> {
  const change = { pause: 'paused = $2', resume: 'paused = $2', cancel: 'cancel_requested = $2' }[intent];
  return changeJob(tx, jobId, change, intent !== 'resume');
}

/** Something about its messages changed: the job's workflow should look. @returns the version. */
export async function touchJob(tx: Tx, jobId: string): Promise<number> {
  return changeJob(tx, jobId, 'next_ordinal = next_ordinal + $2', 0);
}

/** Takes a job's messages out of listings. @returns false where the workspace has no such job. */
export async function archiveJob(tx: Tx, ref: { workspaceId: string; jobId: string }): Promise<boolean> {
  const rows = await tx.query(
    `update jobs set archived_at = coalesce(archived_at, ledger_now()) where id = $1 and workspace_id = $2 returning 1`,
    [ref.jobId, ref.workspaceId],
  );
  return rows.length > 0;
}

/** One transition: the change, the next version, the outbox. @returns the version. */
async function changeJob(tx: Tx, jobId: string, change: string, value: unknown): Promise<number> {
  const rows = await tx.query<{ version: number }>(
    `update jobs set ${change}, version = version + 1 where id = $1 returning version`,
    [jobId, value],
  );
  await noteInOutbox(tx, jobId);
  return one(rows).version;
}

/** Waits for whoever is beginning attempts or planning, and keeps others from it to the end of the transaction. */
export async function holdJob(tx: Tx, jobId: string): Promise<void> {
  await tx.query('select 1 from jobs where id = $1 for no key update', [jobId]);
}

/**
 * What the workflow has acted on. Never falls; the outbox row goes once nothing newer is wanted. A workflow that has seen more
 * than this ledger knows means that an old copy was restored: the job is suspended until an operator has looked.
 */
export async function observeVersion(tx: Tx, jobId: string, observed: number): Promise<void> {
  await tx.query(
    `update jobs set observed_version = greatest(observed_version, least($2, version)),
       suspended = case when $2 > version then 'ledger_older' else suspended end
     where id = $1 and (observed_version < $2)`,
    [jobId, observed],
  );
  await tx.query(
    'delete from outbox o using jobs j where o.job_id = $1 and j.id = $1 and j.observed_version >= j.version',
    [jobId],
  );
}

/**
 * Settles the job if nothing is left to do and nothing newer than `observed` was asked for.
 * @returns false when refused: the workflow then looks again.
 */
export async function finishJob(tx: Tx, jobId: string, observed: number): Promise<boolean> {
  const rows = await tx.query(
    `update jobs set phase = 'settled', settled_at = coalesce(settled_at, ledger_now()), observed_version = version
     where id = $1 and version = $2 and suspended is null and (phase = 'running' or cancel_requested) and not exists (
       select 1 from message_states where job_id = $1 and state in ('pending', 'waiting', 'sending'))
     returning id`,
    [jobId, observed],
  );
  if (rows.length > 0) await tx.query('delete from outbox where job_id = $1', [jobId]);
  return rows.length > 0;
}

async function noteInOutbox(tx: Tx, jobId: string): Promise<void> {
  await tx.query('select note_in_outbox($1)', [jobId]);
}
