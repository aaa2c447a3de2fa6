import { MESSAGE_STATES, type MessageState } from '../domain/states';
import { type ItemView, type JobView } from '../service/views';
import { type Db } from './database';
import { type JobRow } from './jobs';

interface JobReadRow extends JobRow {
  readonly definition: unknown;
  readonly created_at: Date;
  readonly run_at: Date | null;
  readonly settled_at: Date | null;
  readonly counts: Record<string, number> | null;
}

/**
 * A job with its counts, from one statement: they agree with each other at every moment. No row is counted: the counters of
 * its 16 slots are added up.
 */
export async function readJobRow(db: Db, jobId: string, workspaceId?: string): Promise<JobView | undefined> {
  const [row] = await db.query<JobReadRow & Record<string, unknown>>(
    `select j.id, j.workspace_id, j.kind, j.phase, j.paused, j.cancel_requested, j.suspended, j.guarantee, j.fan_out, j.version,
       j.observed_version, j.generation, j.next_ordinal, j.channel_id, j.definition, j.created_at, j.run_at, j.settled_at, (
       select jsonb_object_agg(state, n) from (
         select state, sum(n) as n from job_counts where job_id = j.id group by state) c) as counts
     from jobs j where j.id = $1 and ($2::uuid is null or j.workspace_id = $2)`,
    [jobId, workspaceId ?? null],
    { prepared: true },
  );
  return row && toView(row);
}

function toView(row: JobReadRow): JobView {
  const given = row.counts ?? {};
  const counts = Object.fromEntries(MESSAGE_STATES.map((state) => [state, given[state] ?? 0])) as Record<
    MessageState,
    number
  >;
  const ever = (state: keyof JobView['statistics']): number => given[`ever_${state}`] ?? 0;
  const received = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const enqueued = given['enqueued'] ?? 0;
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    kind: row.kind,
    phase: row.phase,
    paused: row.paused,
    cancelRequested: row.cancel_requested,
    suspended: row.suspended,
    guarantee: row.guarantee,
    fanOut: row.fan_out,
    definition: row.definition,
    channelId: row.channel_id,
    counts,
    received,
    enqueued,
    failures: received - enqueued - counts.pending,
    pending: counts.pending,
    statistics: {
      sent: ever('sent'),
      delivered: ever('delivered'),
      opened: ever('opened'),
      clicked: ever('clicked'),
      undeliverable: ever('undeliverable'),
    },
    version: row.version,
    observedVersion: row.observed_version,
    createdAt: row.created_at,
    runAt: row.run_at,
    settledAt: row.settled_at,
  };
}

/**
 * A page of a job's messages in ingestion order, after the given ordinal; one row more than asked tells that there is more. The
 * ordinals of a job have no gaps, so a page is a range of them, which no statistics can make Postgres read the whole job for.
 */
export async function readItems(
  db: Db,
  input: { jobId: string; afterOrdinal: number; limit: number },
): Promise<{ items: ItemView[]; nextOrdinal: number | null }> {
  const rows = await db.query<{
    message_id: string;
    ordinal: number;
    recipient_id: string;
    state: MessageState;
    reason: ItemView['reason'];
    enqueued_at: Date | null;
    echo: unknown;
  }>(
    `select m.id as message_id, m.ordinal, m.recipient_id, s.state, s.reason, s.enqueued_at, m.echo
     from messages m join message_states s on s.message_id = m.id
     where m.job_id = $1 and m.ordinal > $2 and m.ordinal <= $2::int + $3::int order by m.ordinal`,
    [input.jobId, input.afterOrdinal, input.limit + 1],
  );
  const items = rows.slice(0, input.limit).map((row) => ({
    messageId: row.message_id,
    ordinal: row.ordinal,
    recipientId: row.recipient_id,
    state: row.state,
    reason: row.reason,
    enqueuedAt: row.enqueued_at,
    echo: row.echo,
  }));
  return { items, nextOrdinal: rows.length > input.limit ? (items.at(-1)?.ordinal ?? null) : null };
}
