import { createHash } from 'node:crypto';
import { one, type Db, type Tx } from './database';

/** What an idempotency key belongs to: one key may stand for different calls on different paths. */
export interface IdempotencyScope {
  readonly workspaceId: string;
  readonly method: string;
  /** The concrete path, ids and all. */
  readonly path: string;
  readonly key: string;
}

export interface KeptAnswer {
  readonly bodySha256: Buffer;
  readonly status: number;
  /** The JSON text that was sent, empty for an empty answer. */
  readonly body: string;
}

/** How long an answer is kept. `until` is clamped to between 24 hours and a year from now; absent, it is 24 hours. */
export type Retention = { readonly until?: Date } | { readonly minutes: number };

/**
 * Tries to hold a scope until the transaction ends. A lock instead of a row "in progress": it ends with the connection,
 * so nothing is left behind by a crash. `shared` holders only keep exclusive ones out.
 */
export async function tryHold(
  tx: Tx,
  scope: IdempotencyScope,
  mode: 'exclusive' | 'shared',
): Promise<boolean> {
  const lock = mode === 'exclusive' ? 'pg_try_advisory_xact_lock' : 'pg_try_advisory_xact_lock_shared';
  const [row] = await tx.query<{ held: boolean }>(`select ${lock}($1::bigint) as held`, [lockNumber(scope)]);
  return row?.held === true;
}

/**
 * The answer kept for a scope. Ask in a statement after `tryHold`: its snapshot then holds everything that the last
 * holder committed.
 */
export async function findAnswer(tx: Db, scope: IdempotencyScope): Promise<KeptAnswer | undefined> {
  const [row] = await tx.query<KeptAnswer>(
    `select body_sha256 as "bodySha256", status, body from idempotency_keys
     where workspace_id = $1 and method = $2 and path = $3 and key = $4 and expires_at > ledger_now()`,
    [scope.workspaceId, scope.method, scope.path, scope.key],
  );
  return row;
}

/**
 * Keeps an answer in the transaction that holds its effect: both are there or neither is.
 * @returns when, to the microsecond: tells this answer from others of its scope.
 */
export async function keepAnswer(
  tx: Tx,
  scope: IdempotencyScope,
  answer: KeptAnswer,
  retention: Retention,
): Promise<string> {
  const minutes = 'minutes' in retention ? retention.minutes : null;
  const until = 'until' in retention ? (retention.until ?? null) : null;
  const rows = await tx.query<{ kept_at: string }>(
    `insert into idempotency_keys (workspace_id, method, path, key, body_sha256, status, body, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, coalesce(
       ledger_now() + make_interval(mins => $8::int),
       least(greatest($9::timestamptz, ledger_now() + interval '24 hours'), ledger_now() + interval '1 year')))
     on conflict (workspace_id, method, path, key) do update set body_sha256 = excluded.body_sha256,
       status = excluded.status, body = excluded.body, created_at = ledger_now(), expires_at = excluded.expires_at
     returning created_at::text as kept_at`,
    [
      ...[scope.workspaceId, scope.method, scope.path, scope.key],
      ...[answer.bodySha256, answer.status, answer.body, minutes, until],
    ],
  );
  return one(rows).kept_at;
}

/** Forgets the answer of a scope if it is older than this many ms, and not the one that was kept at `butKeptAt`. */
export async function dropAnswer(
  db: Db,
  scope: IdempotencyScope,
  { olderThanMs, butKeptAt }: { olderThanMs: number; butKeptAt?: string | undefined },
): Promise<void> {
  await db.query(
    `delete from idempotency_keys where workspace_id = $1 and method = $2 and path = $3 and key = $4
       and created_at is distinct from $5::timestamptz and created_at < ledger_now() - $6 * interval '1 millisecond'`,
    [scope.workspaceId, scope.method, scope.path, scope.key, butKeptAt ?? null, Math.floor(olderThanMs)],
  );
}

/** Removes up to `limit` answers whose time is over; call it again while it returns `limit`. */
export async function purgeIdempotency(db: Db, limit = 5_000): Promise<number> {
  const rows = await db.query(
    `delete from idempotency_keys where ctid = any (array(
       select ctid from idempotency_keys where expires_at <= ledger_now() limit $1 for update skip locked))
     returning 1`,
    [limit],
  );
  return rows.length;
}

/** 64 bits of a hash. A collision makes two strangers' calls meet a 409 once, and nothing worse. */
function lockNumber(scope: IdempotencyScope): string {
  const text = JSON.stringify([scope.workspaceId, scope.method, scope.path, scope.key]);
  return createHash('sha256').update(text).digest().readBigInt64BE(0).toString();
}
