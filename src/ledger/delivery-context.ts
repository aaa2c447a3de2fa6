import { type JobSpec, type MessageSpec } from '../domain/message-spec';
import { type Pinned } from '../domain/pinned';
import { type Guarantee, type JobKind, type MessageState, type WaitReason } from '../domain/states';
import { type Db } from './database';

/** All that one delivery needs to know of its message, from one statement. */
export interface DeliveryContext {
  readonly workspaceId: string;
  readonly jobId: string;
  readonly jobKind: JobKind;
  readonly jobSpec: JobSpec;
  readonly pinned: Pinned | null;
  readonly guarantee: Guarantee;
  readonly spec: MessageSpec;
  readonly state: MessageState;
  readonly attempts: number;
  readonly route: number;
  /** Ms since the first attempt began; 0 before it. */
  readonly sinceFirstAttemptMs: number;
  /** Ms until due; 0 or less when due. */
  readonly dueInMs: number;
  readonly expired: boolean;
  /** The open attempt's channel, while `sending`. */
  readonly openChannelId: string | null;
  readonly reason: string | null;
}

export async function loadDelivery(db: Db, messageId: string): Promise<DeliveryContext | undefined> {
  const [row] = await db.query<{
    workspace_id: string;
    job_id: string;
    kind: JobKind;
    job_spec: JobSpec;
    pinned: Pinned | null;
    guarantee: Guarantee;
    spec: MessageSpec;
    state: MessageState;
    reason: string | null;
    attempts: number;
    route: number;
    since_first: number;
    due_in: number;
    expired: boolean;
    open_channel: string | null;
  }>(
    `select s.workspace_id, s.job_id, j.kind, j.spec as job_spec, j.pinned, j.guarantee, m.spec, s.state, s.reason, s.attempts, s.route,
       coalesce(extract(epoch from ledger_now() - s.first_attempt_at) * 1000, 0)::float8 as since_first,
       (extract(epoch from s.due_at - ledger_now()) * 1000)::float8 as due_in,
       coalesce(s.valid_until <= ledger_now(), false) as expired,
       case when s.state = 'sending' then (select channel_id from deliveries d where d.message_id = s.message_id and d.route = s.route) end as open_channel
     from message_states s join messages m on m.id = s.message_id join jobs j on j.id = s.job_id
     where s.message_id = $1`,
    [messageId],
    { prepared: true },
  );
  if (!row) return undefined;
  return {
    workspaceId: row.workspace_id,
    jobId: row.job_id,
    jobKind: row.kind,
    jobSpec: row.job_spec,
    pinned: row.pinned,
    guarantee: row.guarantee,
    spec: row.spec,
    state: row.state,
    reason: row.reason,
    attempts: row.attempts,
    route: row.route,
    sinceFirstAttemptMs: row.since_first,
    dueInMs: row.due_in,
    expired: row.expired,
    openChannelId: row.open_channel,
  };
}

/** For how many ms a message was told to wait for this reason, all such waits together. */
export async function waitedForMs(db: Db, messageId: string, reason: WaitReason): Promise<number> {
  const [row] = await db.query<{ ms: number }>(
    `select coalesce(sum((data ->> 'waitMs')::float8), 0)::float8 as ms from events
     where message_id = $1 and type = 'waiting' and data ->> 'waitReason' = $2`,
    [messageId, reason],
  );
  return row?.ms ?? 0;
}
