import { type Fault } from '../domain/message-spec';
import { type Reason } from '../domain/reasons';
import { type JobKind, type MessageState, type WaitReason } from '../domain/states';
import { type Db } from './database';

export interface BatchMessageRow {
  readonly messageId: string;
  readonly state: MessageState;
  readonly reason: Reason | null;
  readonly waitReason: WaitReason | null;
  readonly faults: readonly Fault[];
  readonly jobKind: JobKind;
  /** Ms until due; negative when overdue. */
  readonly dueInMs: number;
}

/** The messages of a batch or send (100 at most), in request order. */
export async function batchMessages(db: Db, jobId: string): Promise<BatchMessageRow[]> {
  return db.query<BatchMessageRow & Record<string, unknown>>(
    `select s.message_id as "messageId", s.state, s.reason, s.wait_reason as "waitReason",
       coalesce(m.spec -> 'faults', '[]') as faults, j.kind as "jobKind",
       (extract(epoch from s.due_at - ledger_now()) * 1000)::float8 as "dueInMs"
     from message_states s join messages m on m.id = s.message_id join jobs j on j.id = s.job_id where s.job_id = $1 order by s.ordinal`,
    [jobId],
  );
}

/** Marks unsettled messages that nobody holds as held by their own child, until its due time and a margin. */
export async function holdUntilDue(db: Db, jobId: string, marginMs: number): Promise<void> {
  await db.query(
    `update message_states set held_until = greatest(due_at, ledger_now()) + $2 * interval '1 millisecond'
     where job_id = $1 and state in ('pending', 'waiting') and (held_until is null or held_until <= ledger_now())`,
    [jobId, marginMs],
  );
}
