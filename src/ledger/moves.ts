import { type Reason } from '../domain/reasons';
import { type MessageState, type WaitReason } from '../domain/states';
import { type Db, type Tx } from './database';

/** Where a message goes without an attempt. Attempts have their own statements: src/ledger/attempts.ts. */
export type Move =
  | {
      readonly to: 'rejected' | 'skipped' | 'canceled' | 'failed';
      readonly reason: Reason;
      readonly detail?: string;
    }
  | {
      readonly to: 'waiting';
      readonly waitReason: WaitReason;
      readonly waitMs: number;
      readonly holdMs: number | null;
    };

/**
 * Moves a message that has no open attempt, with its event. A message that has moved on meanwhile stays where it is.
 * @returns the state it is in now.
 */
export async function moveMessage(
  db: Db,
  messageId: string,
  move: Move,
): Promise<{ state: MessageState; reason: Reason | null }> {
  const waits = move.to === 'waiting';
  const [moved] = await db.query<{ state: MessageState; reason: Reason | null }>(
    `with moved as (
       update message_states set state = $2, reason = $3, detail = $4, wait_reason = $5,
         due_at = case when $2 = 'waiting' then ledger_now() + $6::float8 * interval '1 millisecond' else due_at end,
         held_until = case when $7::float8 is null then null else ledger_now() + $7::float8 * interval '1 millisecond' end
       where message_id = $1 and state in ('pending', 'waiting') and transition_allowed(state, $2)
       returning message_id, workspace_id, state, reason
     ), noted as (
       insert into events (message_id, workspace_id, type, data)
       select message_id, workspace_id, state, jsonb_strip_nulls(jsonb_build_object('reason', reason, 'waitReason', $5::text, 'waitMs', $6::float8))
       from moved
     )
     select state, reason from moved`,
    [
      messageId,
      move.to,
      waits ? null : move.reason,
      waits ? null : (move.detail ?? null),
      waits ? move.waitReason : null,
      waits ? Math.ceil(move.waitMs) : null,
      waits && move.holdMs !== null ? Math.ceil(move.holdMs) : null,
    ],
  );
  if (moved) return moved;
  const [now] = await db.query<{ state: MessageState; reason: Reason | null }>(
    'select state, reason from message_states where message_id = $1',
    [messageId],
  );
  if (!now) throw new RangeError('no such message');
  return now;
}

/**
 * After a cancel: settles up to `limit` messages that have no open attempt. Rows in ascending id, as everywhere.
 * @returns how many were settled; 0 means that none is left.
 */
export async function cancelPage(tx: Tx, jobId: string, limit: number): Promise<number> {
  const rows = await tx.query(
    `with page as (
       select message_id from message_states where job_id = $1 and state in ('pending', 'waiting')
       order by message_id limit $2 for update
     ), moved as (
       update message_states s set state = 'canceled', reason = 'canceled', wait_reason = null, held_until = null
       from page where s.message_id = page.message_id and s.state in ('pending', 'waiting')
       returning s.message_id, s.workspace_id
     )
     insert into events (message_id, workspace_id, type, data)
     select message_id, workspace_id, 'canceled', '{"reason": "canceled"}' from moved returning 1`,
    [jobId, limit],
  );
  return rows.length;
}

/**
 * After a cancel: attempts whose hold ran out have nobody left to say what became of them, and may not be begun again. Their
 * messages end uncertain: the call may have happened.
 */
export async function endLostAttempts(tx: Tx, jobId: string): Promise<void> {
  await tx.query(
    `with lost as (
       select message_id from message_states where job_id = $1 and state = 'sending' and held_until <= ledger_now()
       order by message_id for update
     ), closed as (
       update attempts a set outcome = 'lost', code = 'no_answer_recorded', finished_at = ledger_now()
       from lost where a.message_id = lost.message_id and a.outcome is null
     ), moved as (
       update message_states s set state = 'uncertain', reason = 'in_doubt', held_until = null
       from lost where s.message_id = lost.message_id returning s.message_id, s.workspace_id
     )
     insert into events (message_id, workspace_id, type, data)
     select message_id, workspace_id, 'uncertain', '{"reason": "in_doubt"}' from moved`,
    [jobId],
  );
}

/** Cancels one message: at once where no attempt is open, else as soon as the attempt says that it should be tried again. */
export async function cancelMessage(tx: Tx, messageId: string): Promise<void> {
  await tx.query('update message_states set cancel_requested = true where message_id = $1', [messageId]);
  await moveMessage(tx, messageId, { to: 'canceled', reason: 'canceled' });
}
