import { v7 as uuidv7 } from 'uuid';
import { type ChannelKind } from '../domain/kinds';
import { addressKey } from './fact-keys';
import { type Db, type Tx } from './database';

export const SUPPRESSION_REASONS = ['hard_bounce', 'complaint', 'unsubscribed', 'manual'] as const;
export type SuppressionReason = (typeof SUPPRESSION_REASONS)[number];

export interface NewSuppression {
  readonly workspaceId: string;
  readonly kind: ChannelKind;
  readonly address: string;
  readonly reason: SuppressionReason;
  /** Who said so: a provider's name, `api`, `import`, `link`. */
  readonly source: string;
}

export interface Suppression {
  readonly id: string;
  readonly kind: ChannelKind;
  readonly address: string | null;
  readonly reason: SuppressionReason;
  readonly source: string;
  readonly createdAt: Date;
}

const COLUMNS = 'id, kind, address, reason, source, created_at as "createdAt"';

/**
 * Suppresses addresses: nothing is sent to them any more, from the commit on. One that is suppressed already keeps its first
 * reason, except that a dead or complaining address outweighs an unsubscription. Takes the last locks of the lock order: call
 * it once in a transaction, with all addresses, after everything that moves messages.
 * @returns how many addresses these were, and how many of them were not suppressed before.
 */
export async function suppressAll(
  tx: Tx,
  list: readonly NewSuppression[],
): Promise<{ total: number; added: number }> {
  const counts = { total: 0, added: 0 };
  const workspaces = new Set(list.map(({ workspaceId }) => workspaceId));
  for (const workspaceId of [...workspaces].sort()) {
    const own = list.filter((one) => one.workspaceId === workspaceId);
    const { total, added } = await suppressIn(tx, workspaceId, own);
    counts.total += total;
    counts.added += added;
  }
  return counts;
}

/** One address: see `suppressAll`. For several in one transaction use that, or two such transactions may deadlock. */
export async function suppress(tx: Tx, one: NewSuppression): Promise<void> {
  await suppressAll(tx, [one]);
}

async function suppressIn(
  tx: Tx,
  workspaceId: string,
  list: readonly NewSuppression[],
): Promise<{ total: number; added: number }> {
  const byKey = new Map<string, NewSuppression>();
  for (const one of list) {
    const key = addressKey(workspaceId, one.kind, one.address).toString('hex');
    // As against what is in the ledger: an unsubscription does not outweigh what else is told of an address.
    if (one.reason !== 'unsubscribed' || !byKey.has(key)) byKey.set(key, one);
  }
  const rows = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1));
  const changed = await tx.query<{ key: Buffer; added: boolean }>(
    `insert into suppressions as s (workspace_id, address_key, id, kind, address, reason, source)
     select $1, decode(key, 'hex'), id, kind, address, reason, source
     from unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[]) as g(key, id, kind, address, reason, source)
     on conflict (workspace_id, address_key) do update set reason = excluded.reason, source = excluded.source
       where s.reason = 'unsubscribed' and excluded.reason <> 'unsubscribed'
     returning s.address_key as key, s.xmax = 0 as added`,
    [
      workspaceId,
      rows.map(([key]) => key),
      rows.map(() => uuidv7()),
      ...(['kind', 'address', 'reason', 'source'] as const).map((name) => rows.map(([, one]) => one[name])),
    ],
  );
  await raiseFacts(
    tx,
    workspaceId,
    changed.map(({ key }) => key),
  );
  return { total: rows.length, added: changed.filter(({ added }) => added).length };
}

/** Lifts a suppression by its id. @returns false where there is none. */
export async function liftSuppression(tx: Tx, ref: { workspaceId: string; id: string }): Promise<boolean> {
  const gone = await tx.query<{ key: Buffer }>(
    'delete from suppressions where workspace_id = $1 and id = $2 returning address_key as key',
    [ref.workspaceId, ref.id],
  );
  await raiseFacts(
    tx,
    ref.workspaceId,
    gone.map(({ key }) => key),
  );
  return gone.length > 0;
}

/** Oldest first, by id: an export pages by it. */
export async function listSuppressions(
  db: Db,
  input: {
    workspaceId: string;
    limit: number;
    afterId?: string;
    reason?: SuppressionReason;
    address?: { kind: ChannelKind; address: string };
  },
): Promise<Suppression[]> {
  const { workspaceId, address } = input;
  return db.query<Suppression & Record<string, unknown>>(
    `select ${COLUMNS} from suppressions
     where workspace_id = $1 and ($2::uuid is null or id > $2) and ($3::text is null or reason = $3)
       and ($4::bytea is null or address_key = $4)
     order by id limit $5`,
    [
      workspaceId,
      input.afterId ?? null,
      input.reason ?? null,
      address ? addressKey(workspaceId, address.kind, address.address) : null,
      input.limit,
    ],
  );
}

/** Tells every claim that rests on these facts that they changed (SQL: raise_facts). The last statement of a change. */
export async function raiseFacts(tx: Tx, workspaceId: string, keys: readonly Buffer[]): Promise<void> {
  if (keys.length > 0) await tx.query('select raise_facts($1, $2::bytea[])', [workspaceId, keys]);
}
