import { MAX_EXAMPLES, type AuditArea, type AuditCheck } from './report';
import { type LedgerReader } from './snapshot';

/** A check in SQL: rows of (id text, wrong boolean), one for each thing looked at. `$1` is the job. */
export interface LedgerCheck {
  readonly area: AuditArea;
  readonly name: string;
  /** What one row stands for, in the plural. */
  readonly of: string;
  readonly sql: string;
  /** `$2` and on. */
  readonly values?: readonly unknown[];
}

/** Runs a check on the snapshot; only numbers and a few ids leave the database. A null is no yes: it counts as wrong. */
export async function runLedgerCheck(
  reader: LedgerReader,
  jobId: string,
  check: LedgerCheck,
): Promise<AuditCheck> {
  const [row] = await reader.snapshot<{ checked: number; wrong: number; examples: string[] | null }>(
    `select count(*) as checked, count(*) filter (where wrong) as wrong,
       (array_agg(id order by id) filter (where wrong))[1:${MAX_EXAMPLES}] as examples
     from (select id, coalesce(wrong, true) as wrong from (${check.sql}) found) c`,
    [jobId, ...(check.values ?? [])],
  );
  const { checked = 0, wrong = 0, examples } = row ?? {};
  return {
    area: check.area,
    name: check.name,
    ok: wrong === 0,
    checked,
    wrong,
    detail: `${checked} ${check.of}`,
    examples: examples ?? [],
  };
}
