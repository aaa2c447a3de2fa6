import { type Step } from '../domain/callback-moves';
import { type Tx } from './database';

export interface Noted {
  readonly messageId: string;
  readonly type: string;
  readonly atMs: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly dedupe: string | null;
}

/** As many steps as a set of facts can explain: taken up again, sent, and its fate. */
const STEPS_MAX = 3;

/**
 * Adds to timelines, and marks messages as opened or clicked. The messages are locked by the caller. Each has the vendor's time,
 * and beside it when it was written: webhooks are replayed by that.
 */
export async function noteEvents(tx: Tx, workspaceId: string, noted: readonly Noted[]): Promise<void> {
  if (noted.length === 0) return;
  await tx.query(
    `insert into events (message_id, workspace_id, at, noted_at, type, data, dedupe)
     select message_id, $1, least(to_timestamp(at_ms / 1000), ledger_now()), ledger_now(), type, data::jsonb, dedupe
     from unnest($2::uuid[], $3::float8[], $4::text[], $5::text[], $6::text[]) with ordinality
       as g(message_id, at_ms, type, data, dedupe, place)
     order by place on conflict (message_id, dedupe) where dedupe is not null do nothing`,
    [
      workspaceId,
      noted.map(({ messageId }) => messageId),
      noted.map(({ atMs }) => atMs),
      noted.map(({ type }) => type),
      noted.map(({ data }) => JSON.stringify(data)),
      noted.map(({ dedupe }) => dedupe),
    ],
  );
  const engaged = noted.filter(({ type }) => type === 'opened' || type === 'clicked');
  if (engaged.length === 0) return;
  await tx.query(
    `update message_states s set reached = s.reached | g.bits
     from (select message_id, bit_or(bit)::smallint as bits from unnest($1::uuid[], $2::smallint[]) x(message_id, bit) group by 1) g
     where s.message_id = g.message_id and s.reached | g.bits <> s.reached`,
    [engaged.map(({ messageId }) => messageId), engaged.map(({ type }) => (type === 'opened' ? 8 : 16))],
  );
}

/** A step, and what the vendor said about it: words for people, null where there are none. */
export interface ToldStep extends Step {
  readonly detail: string | null;
}

/**
 * Moves messages step by step, one statement a step for all of them. A call that has no answer yet is accepted by what the
 * vendor told; its own answer, when it comes, finds that and changes nothing.
 */
export async function applyMoves(
  tx: Tx,
  moves: readonly {
    readonly standing: { readonly messageId: string };
    readonly steps: readonly ToldStep[];
  }[],
): Promise<void> {
  for (let place = 0; place < STEPS_MAX; place += 1) {
    const now = moves.flatMap(({ standing, steps }) => {
      const step = steps[place];
      return step ? [{ messageId: standing.messageId, ...step }] : [];
    });
    if (now.length === 0) return;
    await tx.query(
      `update message_states s set state = g.state, reason = g.reason, detail = g.detail, wait_reason = null, held_until = null
       from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) g(message_id, state, reason, detail)
       where s.message_id = g.message_id`,
      [
        now.map(({ messageId }) => messageId),
        now.map(({ to }) => to),
        now.map(({ reason }) => reason),
        now.map(({ detail }) => detail),
      ],
    );
    const sent = now.filter(({ to }) => to === 'sent').map(({ messageId }) => messageId);
    if (sent.length > 0) await acceptOpenAttempts(tx, sent);
  }
}

async function acceptOpenAttempts(tx: Tx, messageIds: readonly string[]): Promise<void> {
  await tx.query(
    `update attempts a set outcome = 'accepted', code = 'callback', finished_at = ledger_now()
     where a.message_id = any($1::uuid[]) and a.outcome is null`,
    [messageIds],
  );
}
