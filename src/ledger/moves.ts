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
 * Moves a message that has no open attempt, with its event. A message that has moved on meanwhile stays where it is. One with a call
 * behind it whose answer nobody knows ends uncertain, whatever its end was to be (docs/decisions/0037-doubt-that-stays.md).
 * @returns the state it is in now.
 */
export async function moveMessage(
  db: Db,
  messageId: string,
  move: Move,
): Promise<{ state: MessageState; reason: Reason | null }> {
  const waits = move.to === 'waiting';
  const [moved] = await db.query<{ state: MessageState; reason: Reason | null }>(
    `with wanted as materialized (
       select case when doubt then 'uncertain' else $2 end as state, case when doubt then 'in_doubt' else $3 end as reason
       from (select $2 <> 'waiting' and in_doubt($1) as doubt) d
     ), moved as (
       update message_states s set state = w.state, reason = w.reason, detail = $4, wait_reason = $5,
         due_at = case when $2 = 'waiting' then ledger_now() + $6::float8 * interval '1 millisecond' else due_at end,
         held_until = case when $7::float8 is null then null else ledger_now() + $7::float8 * interval '1 millisecond' end
       from wanted w
       where s.message_id = $1 and s.state in ('pending', 'waiting') and transition_allowed(s.state, w.state)
       returning s.message_id, s.workspace_id, s.state, s.reason
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
 * After a cancel: settles up to `limit` messages that have no open attempt, from the ordinal after `after`; those with a call in doubt
 * end uncertain. Walks the job by ordinal, so that each page reads what it settles; locks rows in ascending id, as everywhere.
 * @returns the last ordinal of the page; undefined where none is left.
 */
export async function cancelPage(
  tx: Tx,
  jobId: string,
  page: { readonly after: number; readonly limit: number },
): Promise<number | undefined> {
  const [row] = await tx.query<{ last: number | null }>(
    `with page as materialized (
       select message_id, ordinal from message_states s
       where s.job_id = $1 and s.ordinal > $2 and s.state in ('pending', 'waiting') order by s.job_id, s.ordinal limit $3
     ), locked as materialized (
       select l.message_id, l.first_attempt_at is not null and in_doubt(l.message_id) as doubt
       from (select message_id from page order by message_id) p
       cross join lateral (select s.message_id, s.first_attempt_at from message_states s
         where s.message_id = p.message_id and s.state in ('pending', 'waiting') for update) l
     ), moved as (
       update message_states s set state = case when l.doubt then 'uncertain' else 'canceled' end,
         reason = case when l.doubt then 'in_doubt' else 'canceled' end, wait_reason = null, held_until = null
       from locked l where s.message_id = l.message_id returning s.message_id, s.workspace_id, s.state, s.reason
     ), noted as (
       insert into events (message_id, workspace_id, type, data)
       select message_id, workspace_id, state, jsonb_build_object('reason', reason) from moved
     )
     select max(ordinal) as last from page`,
    [jobId, page.after, page.limit],
  );
  return row?.last ?? undefined;
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
