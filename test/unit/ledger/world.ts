import { v7 as uuidv7 } from 'uuid';
import { type MessageState } from '../../../src/domain/states';
import { type Db } from '../../../src/ledger/database';

/** The shortest way from `pending` to each state, as the state table has it. */
export const PATH_TO: Readonly<Record<MessageState, readonly MessageState[]>> = {
  pending: [],
  waiting: ['waiting'],
  sending: ['sending'],
  sent: ['sending', 'sent'],
  delivered: ['sending', 'sent', 'delivered'],
  undelivered: ['sending', 'sent', 'undelivered'],
  failed: ['sending', 'failed'],
  uncertain: ['sending', 'uncertain'],
  rejected: ['rejected'],
  skipped: ['skipped'],
  canceled: ['canceled'],
};

/** A running job with `n` pending messages in a workspace of its own, without any of the layers above. */
export async function insertJobWith(
  db: Db,
  n: number,
  echo: object = {},
): Promise<{ jobId: string; workspaceId: string; messageIds: string[] }> {
  const workspaceId = uuidv7();
  const jobId = uuidv7();
  const messageIds = Array.from({ length: n }, () => uuidv7());
  await db.query('insert into workspaces (id, name) values ($1, $2)', [workspaceId, 'test']);
  await db.query(
    `insert into jobs (id, workspace_id, kind, phase, spec, definition, next_ordinal)
     values ($1, $2, 'bulk', 'running', '{}', '{}', $3)`,
    [jobId, workspaceId, n],
  );
  await db.query(
    `insert into messages (id, workspace_id, job_id, ordinal, recipient_id, spec, echo)
     select id, $2, $1, ordinality - 1, 'r', '{}', $4 from unnest($3::uuid[]) with ordinality as given(id)`,
    [jobId, workspaceId, messageIds, JSON.stringify(echo)],
  );
  await db.query(
    `insert into message_states (message_id, workspace_id, job_id, ordinal, due_at)
     select id, workspace_id, job_id, ordinal, ledger_now() from messages where job_id = $1`,
    [jobId],
  );
  return { jobId, workspaceId, messageIds };
}

/** Moves a message as the trigger allows it, and throws where it refuses. */
export async function moveTo(db: Db, messageId: string, state: MessageState): Promise<void> {
  await db.query('update message_states set state = $2 where message_id = $1', [messageId, state]);
}
