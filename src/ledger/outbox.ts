import { type JobKind } from '../domain/states';
import { type Db } from './database';

/** A job whose workflow should look. */
export interface Nudge {
  readonly jobId: string;
  readonly workspaceId: string;
  readonly kind: JobKind;
  readonly version: number;
  /** A send to one recipient: its message's workflow is the job's. */
  readonly alone?: boolean;
  /** News that can wait a moment and be told with later ones: recipients were added. Commands cannot. */
  readonly mayWait?: boolean;
}

interface NudgeRow {
  readonly job_id: string;
  readonly workspace_id: string;
  readonly kind: JobKind;
  readonly version: number;
  readonly alone: boolean;
  readonly [key: string]: unknown;
}

const toNudge = (row: NudgeRow): Nudge => ({
  jobId: row.job_id,
  workspaceId: row.workspace_id,
  kind: row.kind,
  version: row.version,
  alone: row.alone,
});

/** A send has all its recipients from the start. */
const ALONE = `j.kind = 'send' and j.next_ordinal = 1 as alone`;

/**
 * What a crash left unsaid: rows whose time has come, taken so that no other relay takes them too. Each comes back after a
 * growing pause (1 s to 30 s) until the workflow has written that it saw the version. Rows of settled jobs are closed.
 */
export async function takeNudges(db: Db, limit: number): Promise<Nudge[]> {
  await db.query(
    `delete from outbox o using jobs j where j.id = o.job_id and (j.phase = 'settled' or j.observed_version >= j.version)
       and o.next_at <= ledger_now()`,
  );
  const rows = await db.query<NudgeRow>(
    `with due as (
       select job_id from outbox where next_at <= ledger_now() order by next_at limit $1 for update skip locked
     )
     update outbox o set attempts = o.attempts + 1,
       next_at = ledger_now() + least(30, power(2, least(o.attempts, 5))) * interval '1 second'
     from due, jobs j where o.job_id = due.job_id and j.id = o.job_id
     returning o.job_id, o.workspace_id, j.kind, j.version, ${ALONE}`,
    [limit],
  );
  return rows.map(toNudge);
}

/** Jobs that are not final and were not looked at for `olderThanMs`: the sweep asks Temporal whether each still runs. */
export async function takeJobsToSweep(db: Db, olderThanMs: number, limit: number): Promise<Nudge[]> {
  const rows = await db.query<NudgeRow>(
    `with stale as (
       select id from jobs where phase <> 'settled' and swept_at <= ledger_now() - $1 * interval '1 millisecond'
       order by swept_at limit $2 for update skip locked
     )
     update jobs j set swept_at = ledger_now() from stale where j.id = stale.id
     returning j.id as job_id, j.workspace_id, j.kind, j.version, ${ALONE}`,
    [olderThanMs, limit],
  );
  return rows.map(toNudge);
}
