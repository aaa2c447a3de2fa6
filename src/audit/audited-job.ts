import { fromCourierId } from '../domain/ids';
import { type JobKind, type JobPhase, type MessageState } from '../domain/states';
import { type LedgerReader } from './snapshot';

/** The job under audit, as the snapshot has it. */
export interface AuditedJob {
  readonly id: string;
  readonly workspaceId: string;
  readonly kind: JobKind;
  readonly phase: JobPhase;
  readonly cancelRequested: boolean;
  readonly messages: number;
  readonly states: Readonly<Partial<Record<MessageState, number>>>;
}

/** The message is one sentence for the operator. */
export class NoSuchJobError extends Error {
  override readonly name = 'NoSuchJobError';
}

/**
 * Finds a job by the id in either form, Courier's or the UUID.
 * @throws NoSuchJobError for anything else, and for a job that this ledger does not have.
 */
export async function findAuditedJob(reader: LedgerReader, given: string): Promise<AuditedJob> {
  const jobId = fromCourierId(given);
  const rows =
    jobId === undefined
      ? []
      : await reader.snapshot<Omit<AuditedJob, 'states'> & Record<string, unknown>>(JOB, [jobId]);
  const [job] = rows;
  if (!job) throw new NoSuchJobError(`This ledger has no job ${given}.`);
  const states = await reader.snapshot<{ state: MessageState; n: number }>(
    'select state, count(*) as n from message_states where job_id = $1 group by 1 order by 2 desc',
    [job.id],
  );
  return { ...job, states: Object.fromEntries(states.map(({ state, n }) => [state, n])) };
}

const JOB = `select id::text, workspace_id::text as "workspaceId", kind, phase, cancel_requested as "cancelRequested",
    (select count(*) from messages where job_id = jobs.id) as messages
  from jobs where id = $1`;
