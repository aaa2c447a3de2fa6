import { type ChannelKind } from '../domain/kinds';
import { type SecretBox } from '../runtime/secret-box';
import { one, type Db } from './database';

/** A configured way out. Credentials are not in it: see `openCredentials`. */
export interface Channel {
  readonly id: string;
  readonly workspaceId: string;
  readonly kind: ChannelKind;
  readonly provider: string;
  readonly name: string;
  /** Lower goes first; then age. */
  readonly priority: number;
  readonly enabled: boolean;
  readonly ratePerSecond: number | null;
  /** As the provider's schema returned it. */
  readonly settings: unknown;
  /** Rises with every change. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface ChannelRef {
  readonly workspaceId: string;
  readonly channelId: string;
}

/** Checked before by the provider's schemas. `credentials` undefined: none. */
export interface NewChannel {
  readonly id: string;
  readonly workspaceId: string;
  readonly kind: ChannelKind;
  readonly provider: string;
  readonly name: string;
  readonly priority?: number | undefined;
  readonly enabled?: boolean | undefined;
  readonly ratePerSecond?: number | null | undefined;
  readonly settings: unknown;
  readonly sealedCredentials?: Buffer | undefined;
}

/** What is undefined stays as it is; `settings` and credentials are replaced whole. */
export interface ChannelChange {
  readonly name?: string | undefined;
  readonly priority?: number | undefined;
  readonly enabled?: boolean | undefined;
  /** null takes the limit away. */
  readonly ratePerSecond?: number | null | undefined;
  readonly settings?: unknown;
  readonly sealedCredentials?: Buffer | undefined;
}

const COLUMNS = `id, workspace_id as "workspaceId", kind, provider, name, priority, enabled, settings, version,
  rate_per_second as "ratePerSecond", created_at as "createdAt", updated_at as "updatedAt"`;

/** What is not given is as most want it: in the middle of the order, on, unlimited. */
const DEFAULT_PRIORITY = 100;

/** The channels of a workspace in the order in which they are tried within their kind; deleted ones left out. */
export async function listChannels(db: Db, workspaceId: string): Promise<Channel[]> {
  return db.query<Channel & { id: string }>(
    `select ${COLUMNS} from channels where workspace_id = $1 and deleted_at is null order by priority, created_at, id`,
    [workspaceId],
  );
}

/** One channel; undefined where the workspace has none of this id or deleted it. The ids must be UUIDs. */
export async function getChannel(db: Db, ref: ChannelRef): Promise<Channel | undefined> {
  const [row] = await db.query<Channel & { id: string }>(
    `select ${COLUMNS} from channels where workspace_id = $1 and id = $2 and deleted_at is null`,
    [ref.workspaceId, ref.channelId],
  );
  return row;
}

/** Also one that was deleted since: of what went out through it there may be news for long. */
export async function getChannelOfAnyTime(db: Db, ref: ChannelRef): Promise<Channel | undefined> {
  const [row] = await db.query<Channel & { id: string }>(
    `select ${COLUMNS} from channels where workspace_id = $1 and id = $2`,
    [ref.workspaceId, ref.channelId],
  );
  return row;
}

/** Lets one transaction at a time judge a change by what the channel is. */
export async function lockChannel(tx: Db, ref: ChannelRef): Promise<void> {
  // NO KEY: deliveries that merely refer to the channel can be inserted meanwhile.
  await tx.query('select id from channels where workspace_id = $1 and id = $2 for no key update', [
    ref.workspaceId,
    ref.channelId,
  ]);
}

/** A channel of whatever workspace, for calls that name no other thing: a vendor's callback. Deleted ones are not there. */
export async function findChannel(db: Db, channelId: string): Promise<Channel | undefined> {
  const [row] = await db.query<Channel & { id: string }>(
    `select ${COLUMNS} from channels where id = $1 and deleted_at is null`,
    [channelId],
  );
  return row;
}

/** Adds a channel; where there is one of this id already, deleted or not, nothing happens and undefined is returned. */
export async function insertChannel(db: Db, channel: NewChannel): Promise<Channel | undefined> {
  const [row] = await db.query<Channel & { id: string }>(
    `insert into channels (id, workspace_id, kind, provider, name, priority, enabled, rate_per_second, settings, credentials)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing returning ${COLUMNS}`,
    [
      ...[channel.id, channel.workspaceId, channel.kind, channel.provider, channel.name],
      ...[channel.priority ?? DEFAULT_PRIORITY, channel.enabled ?? true, channel.ratePerSecond ?? null],
      ...[JSON.stringify(channel.settings), channel.sealedCredentials ?? null],
    ],
  );
  return row;
}

/** Changes a channel and raises its version. Undefined where there is none. */
export async function updateChannel(
  db: Db,
  ref: ChannelRef,
  change: ChannelChange,
): Promise<Channel | undefined> {
  const [row] = await db.query<Channel & { id: string }>(
    `update channels set name = coalesce($3, name), priority = coalesce($4, priority), enabled = coalesce($5, enabled),
       rate_per_second = case when $6 then $7::double precision else rate_per_second end,
       settings = coalesce($8, settings), credentials = coalesce($9, credentials),
       version = version + 1, updated_at = ledger_now()
     where workspace_id = $1 and id = $2 and deleted_at is null returning ${COLUMNS}`,
    [
      ...[
        ref.workspaceId,
        ref.channelId,
        change.name ?? null,
        change.priority ?? null,
        change.enabled ?? null,
      ],
      ...[change.ratePerSecond !== undefined, change.ratePerSecond ?? null],
      ...[
        change.settings === undefined ? null : JSON.stringify(change.settings),
        change.sealedCredentials ?? null,
      ],
    ],
  );
  return row;
}

/** Deletes a channel for every new send and forgets its credentials; the row stays for the deliveries that name it. */
export async function deleteChannel(db: Db, ref: ChannelRef): Promise<boolean> {
  const rows = await db.query(
    `update channels set deleted_at = ledger_now(), updated_at = ledger_now(), credentials = null, enabled = false,
       version = version + 1
     where workspace_id = $1 and id = $2 and deleted_at is null returning id`,
    [ref.workspaceId, ref.channelId],
  );
  return rows.length > 0;
}

/** Credentials ready for `insertChannel` and `updateChannel`, bound to this workspace and channel. */
export function sealCredentials(box: SecretBox, ref: ChannelRef, credentials: unknown): Buffer {
  return box.seal(JSON.stringify(credentials), ref);
}

/**
 * A channel's credentials in clear, `{}` where it has none. For the moment of sending only: never log or return them.
 * @throws when the channel is not there, or was sealed with a key that is not configured any more.
 */
export async function openCredentials(db: Db, box: SecretBox, ref: ChannelRef): Promise<unknown> {
  const rows = await db.query<{ credentials: Buffer | null }>(
    'select credentials from channels where workspace_id = $1 and id = $2',
    [ref.workspaceId, ref.channelId],
  );
  const { credentials } = one(rows);
  return credentials === null ? {} : (JSON.parse(box.open(credentials, ref)) as unknown);
}
