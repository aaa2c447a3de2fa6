import { type SandboxEntry, type SandboxLog } from '../providers/sandbox';
import { one, type Db } from './database';

/** What a sandbox got, as it is shown. */
export interface SandboxDelivery {
  readonly id: number;
  readonly key: string;
  readonly channelId: string;
  readonly messageId: string;
  readonly deliveryId: string;
  readonly kind: string;
  readonly address: string;
  /** The last attempt that called. */
  readonly attempt: number;
  readonly callCount: number;
  /** How often a receiver would have shown it to a person. */
  readonly acceptedCount: number;
  readonly title: string | null;
  readonly text: string | null;
  readonly html: string | null;
  readonly at: Date;
}

const INSERT = `insert into sandbox_deliveries as d (key, workspace_id, channel_id, message_id, delivery_id, kind, address,
    attempt, title, text, html, at, call_count, accepted_count)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, to_timestamp($12::double precision / 1000), 1, $13)
  on conflict (key) do update set attempt = greatest(d.attempt, excluded.attempt),`;

/** The sandboxes' log in the ledger: one row per idempotency key, whatever number of workers call at once. */
export function createSandboxLog(db: Db): SandboxLog {
  return {
    async record(entry, { deduplicate, counted }) {
      const calls = counted ? 0 : 1;
      const [row] = await db.query<{ acceptedCount: number }>(
        `${INSERT} accepted_count = d.accepted_count + 1, call_count = d.call_count + $14, at = excluded.at
         where d.accepted_count = 0 or not $15 returning d.accepted_count as "acceptedCount"`,
        [...valuesOf(entry), 1, calls, deduplicate],
        { prepared: true },
      );
      if (row) return { firstTime: row.acceptedCount === 1 };
      // Deduplicated: the first acceptance stands, and only the call is counted.
      await db.query('update sandbox_deliveries set call_count = call_count + $2 where key = $1', [
        entry.key,
        calls,
      ]);
      return { firstTime: false };
    },
    async countCall(entry) {
      const rows = await db.query<{ callCount: number }>(
        `${INSERT} call_count = d.call_count + 1 returning d.call_count as "callCount"`,
        [...valuesOf(entry), 0],
        { prepared: true },
      );
      return one(rows).callCount;
    },
  };
}

/** Newest first, from before the given id on; one message's where asked. */
export async function listSandboxDeliveries(
  db: Db,
  input: { workspaceId: string; beforeId?: number; messageId?: string; limit: number },
): Promise<SandboxDelivery[]> {
  return db.query<SandboxDelivery & { id: number }>(
    `select id, key, channel_id as "channelId", message_id as "messageId", delivery_id as "deliveryId", kind, address,
            attempt, call_count as "callCount", accepted_count as "acceptedCount", title, text, html, at
     from sandbox_deliveries
     where workspace_id = $1 and ($2::bigint is null or id < $2) and ($3::uuid is null or message_id = $3)
     order by id desc limit $4`,
    [input.workspaceId, input.beforeId ?? null, input.messageId ?? null, input.limit],
  );
}

function valuesOf(entry: SandboxEntry): unknown[] {
  return [
    ...[
      entry.key,
      entry.workspaceId,
      entry.channelId,
      entry.messageId,
      entry.deliveryId,
      entry.kind,
      entry.address,
    ],
    ...[entry.attempt, entry.title ?? null, entry.text, entry.html ?? null, entry.atMs],
  ];
}
