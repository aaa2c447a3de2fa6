import { v7 as uuidv7 } from 'uuid';
import { generateApiKey, hashApiKey, shownPrefix } from './api-key-format';
import { one, type Db } from './database';

/** A key as it is listed: never the key itself, which is shown once and kept only as its SHA-256. */
export interface ApiKeyView {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly createdAt: Date;
  /** Exact to the minute. */
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

export interface FoundKey {
  readonly id: string;
  readonly workspaceId: string;
  /** True when last_used_at is older than a minute: a write per request would cost more than it tells. */
  readonly useUnrecorded: boolean;
}

const COLUMNS = `id, name, prefix, created_at as "createdAt", last_used_at as "lastUsedAt", revoked_at as "revokedAt"`;

/** Makes a key for a workspace that exists. `key` is the only time that it is seen. */
export async function issueKey(
  db: Db,
  input: { workspaceId: string; name: string },
): Promise<ApiKeyView & { key: string }> {
  const key = generateApiKey();
  const rows = await db.query<ApiKeyView & { id: string }>(
    `insert into api_keys (id, workspace_id, name, prefix, sha256) values ($1, $2, $3, $4, $5) returning ${COLUMNS}`,
    [uuidv7(), input.workspaceId, input.name, shownPrefix(key), hashApiKey(key)],
  );
  return { ...one(rows), key };
}

/** Puts a key of a given text there, once: only for the embedded default's well-known one. */
export async function seedKey(
  db: Db,
  input: { id: string; workspaceId: string; name: string; key: string },
): Promise<void> {
  await db.query(
    `insert into api_keys (id, workspace_id, name, prefix, sha256) values ($1, $2, $3, $4, $5) on conflict do nothing`,
    [input.id, input.workspaceId, input.name, shownPrefix(input.key), hashApiKey(input.key)],
  );
}

/** The workspace behind a key; undefined for an unknown or revoked one. Asked for every call: revoking works at once. */
export async function findKey(db: Db, key: string): Promise<FoundKey | undefined> {
  const [row] = await db.query<FoundKey>(
    `select id, workspace_id as "workspaceId",
            coalesce(last_used_at < ledger_now() - interval '1 minute', true) as "useUnrecorded"
     from api_keys where sha256 = $1 and revoked_at is null`,
    [hashApiKey(key)],
    { prepared: true },
  );
  return row;
}

/** Records that a key is in use, at most once a minute whoever asks how often. */
export async function touchKey(db: Db, keyId: string): Promise<void> {
  await db.query(
    `update api_keys set last_used_at = ledger_now()
     where id = $1 and coalesce(last_used_at < ledger_now() - interval '1 minute', true)`,
    [keyId],
  );
}

/** All keys of a workspace, revoked ones too, oldest first. */
export async function listKeys(db: Db, workspaceId: string): Promise<ApiKeyView[]> {
  return db.query<ApiKeyView>(
    `select ${COLUMNS} from api_keys where workspace_id = $1 order by created_at, id`,
    [workspaceId],
  );
}

/** Ends a key for good; again is no error. False where the workspace has no such key. */
export async function revokeKey(db: Db, input: { workspaceId: string; keyId: string }): Promise<boolean> {
  const rows = await db.query(
    `update api_keys set revoked_at = coalesce(revoked_at, ledger_now()) where workspace_id = $1 and id = $2 returning id`,
    [input.workspaceId, input.keyId],
  );
  return rows.length > 0;
}
