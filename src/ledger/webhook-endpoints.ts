import { type WebhookForm } from '../domain/webhooks';
import { type SecretBox } from '../runtime/secret-box';
import { type Db, type Tx } from './database';

export type DisabledReason = 'gone' | 'failing' | 'requested';

/** One place that is told of a workspace's events. Its secrets are not in it: see `openSecrets`. */
export interface WebhookEndpoint {
  readonly id: string;
  readonly workspaceId: string;
  readonly organizationId: string | null;
  /** Bird's form only: made for the origin of messages' own `notification.url`, under this subscription. */
  readonly parentId: string | null;
  readonly form: WebhookForm;
  readonly url: string;
  readonly description: string;
  /** In the words of the form: `{types}` for ours, `{}` for Courier's, `{service, event, eventFilters}` for Bird's. */
  readonly filters: unknown;
  /** The ledger's types that are queued for it. */
  readonly eventTypes: readonly string[];
  readonly status: 'active' | 'disabled';
  readonly disabledReason: DisabledReason | null;
  readonly disabledAt: Date | null;
  /** Rises with every change; its workflow looks at each. */
  readonly version: number;
  readonly failures: number;
  /** When the first event was written that it has not taken: a replay from here brings back all that it is owed. */
  readonly failingSince: Date | null;
  readonly retryAt: Date | null;
  readonly lastSuccessAt: Date | null;
  readonly lastFailureAt: Date | null;
  readonly lastFailure: string | null;
  /** Where a replay has yet to go on from; null when there is none. */
  readonly replaySince: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface EndpointRef {
  readonly workspaceId: string;
  readonly endpointId: string;
}

/** A signing secret; `until` (epoch ms) is when an old one stops signing beside the current one. */
export interface WebhookSecret {
  readonly secret: string;
  readonly until?: number;
}

export const ENDPOINT_COLUMNS = `id, workspace_id as "workspaceId", organization_id as "organizationId", parent_id as "parentId",
  form, url, description, filters, event_types as "eventTypes", status, disabled_reason as "disabledReason",
  disabled_at as "disabledAt", version, failures, coalesce(failing_from, failing_since) as "failingSince", retry_at as "retryAt",
  last_success_at as "lastSuccessAt", last_failure_at as "lastFailureAt", last_failure as "lastFailure",
  replay_since as "replaySince", created_at as "createdAt", updated_at as "updatedAt"`;

type Row = WebhookEndpoint & { [key: string]: unknown };

export interface NewEndpoint {
  readonly id: string;
  readonly workspaceId: string;
  readonly organizationId?: string | undefined;
  readonly parentId?: string | undefined;
  readonly form: WebhookForm;
  readonly url: string;
  readonly description?: string | undefined;
  readonly filters: unknown;
  readonly eventTypes: readonly string[];
  readonly sealedSecrets: Buffer;
}

/** Adds an endpoint; it is told of what commits from here on. Undefined where a child of this URL is there already. */
export async function insertEndpoint(db: Db, endpoint: NewEndpoint): Promise<WebhookEndpoint | undefined> {
  const [row] = await db.query<Row>(
    `insert into webhook_endpoints (id, workspace_id, organization_id, parent_id, form, url, description, filters, event_types, secrets)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing returning ${ENDPOINT_COLUMNS}`,
    [
      ...[endpoint.id, endpoint.workspaceId, endpoint.organizationId ?? null, endpoint.parentId ?? null],
      ...[endpoint.form, endpoint.url, endpoint.description ?? '', JSON.stringify(endpoint.filters)],
      ...[endpoint.eventTypes, endpoint.sealedSecrets],
    ],
  );
  return row;
}

/** Oldest first. `form` narrows; the children of Bird's subscriptions are left out where `children` is false. */
export async function listEndpoints(
  db: Db,
  filter: { workspaceId: string; form?: WebhookForm; children: boolean },
): Promise<WebhookEndpoint[]> {
  return db.query<Row>(
    `select ${ENDPOINT_COLUMNS} from webhook_endpoints where workspace_id = $1 and deleted_at is null
       and ($2::text is null or form = $2) and ($3 or parent_id is null) order by created_at, id`,
    [filter.workspaceId, filter.form ?? null, filter.children],
  );
}

export async function getEndpoint(db: Db, ref: EndpointRef): Promise<WebhookEndpoint | undefined> {
  const [row] = await db.query<Row>(
    `select ${ENDPOINT_COLUMNS} from webhook_endpoints where workspace_id = $1 and id = $2 and deleted_at is null`,
    [ref.workspaceId, ref.endpointId],
  );
  return row;
}

/** How many events wait for it, counted up to 10,000. */
export async function countWaiting(db: Db, endpointId: string): Promise<number> {
  const [row] = await db.query<{ n: number }>(
    `select count(*) as n from (select 1 from webhook_queue
       where endpoint_id = $1 and event_id > (select queue_floor from webhook_endpoints where id = $1) limit 10000) q`,
    [endpointId],
  );
  return row?.n ?? 0;
}

export interface EndpointChange {
  readonly url?: string | undefined;
  readonly description?: string | undefined;
  readonly filters?: unknown;
  readonly eventTypes?: readonly string[] | undefined;
  readonly status?: 'active' | 'disabled' | undefined;
  readonly sealedSecrets?: Buffer | undefined;
}

/**
 * Changes an endpoint and lets its workflow look at once, also in the midst of a backoff. Put back to active it starts with a
 * clean record; disabled by its owner its queue is dropped, as by Volley itself. Its children stop and start again with it.
 */
export async function updateEndpoint(
  tx: Tx,
  ref: EndpointRef,
  change: EndpointChange,
): Promise<WebhookEndpoint | undefined> {
  if (change.status === 'active') await startChildren(tx, ref);
  const [row] = await tx.query<Row>(
    `update webhook_endpoints set url = coalesce($3, url), description = coalesce($4, description),
       filters = coalesce($5, filters), event_types = coalesce($6, event_types), secrets = coalesce($7, secrets),
       status = coalesce($8, status),
       disabled_reason = case $8 when 'active' then null when 'disabled' then coalesce(disabled_reason, 'requested') else disabled_reason end,
       disabled_at = case $8 when 'active' then null when 'disabled' then coalesce(disabled_at, ledger_now()) else disabled_at end,
       failures = case $8 when 'active' then 0 else failures end,
       failing_since = case $8 when 'active' then null else failing_since end,
       failing_from = case $8 when 'active' then null else failing_from end,
       queue_floor = case $8 when 'disabled' then last_event_id() else queue_floor end,
       retry_at = null, quiet_until = '-infinity', version = version + 1, updated_at = ledger_now()
     where workspace_id = $1 and id = $2 and deleted_at is null returning ${ENDPOINT_COLUMNS}`,
    [
      ...[ref.workspaceId, ref.endpointId, change.url ?? null, change.description ?? null],
      ...[change.filters === undefined ? null : JSON.stringify(change.filters), change.eventTypes ?? null],
      ...[change.sealedSecrets ?? null, change.status ?? null],
    ],
  );
  if (row && change.filters !== undefined) {
    await tx.query('update webhook_endpoints set filters = $2 where parent_id = $1', [
      row.id,
      JSON.stringify(change.filters),
    ]);
  }
  if (change.status === 'disabled') await stopChildren(tx, ref);
  return row;
}

/** Those that stopped with their parent, which is about to start again; one that was gone or failing by itself stays as it is. */
async function startChildren(tx: Tx, ref: EndpointRef): Promise<void> {
  await tx.query(
    `update webhook_endpoints c set status = 'active', disabled_reason = null, disabled_at = null, failures = 0,
       failing_since = null, failing_from = null, retry_at = null, quiet_until = '-infinity', version = c.version + 1, updated_at = ledger_now()
     from (select id, disabled_at from webhook_endpoints
       where workspace_id = $1 and id = $2 and status = 'disabled' and deleted_at is null for update) p
     where c.parent_id = p.id and c.disabled_reason = 'requested' and c.disabled_at = p.disabled_at and c.deleted_at is null`,
    [ref.workspaceId, ref.endpointId],
  );
}

/** With their queues, as their parent; the common moment says later which of them stopped with it. */
async function stopChildren(tx: Tx, ref: EndpointRef): Promise<void> {
  await tx.query(
    `update webhook_endpoints c set status = 'disabled', disabled_reason = 'requested', disabled_at = p.disabled_at,
       queue_floor = last_event_id(), retry_at = null, quiet_until = '-infinity', version = c.version + 1, updated_at = ledger_now()
     from webhook_endpoints p
     where p.workspace_id = $1 and p.id = $2 and c.parent_id = p.id and c.status = 'active' and c.deleted_at is null`,
    [ref.workspaceId, ref.endpointId],
  );
}

/** Ends an endpoint and its children: nothing more is called, the secrets are forgotten, and the relay purges the queues. */
export async function deleteEndpoint(tx: Tx, ref: EndpointRef): Promise<boolean> {
  const rows = await tx.query<{ id: string }>(
    `update webhook_endpoints set deleted_at = ledger_now(), secrets = '', queue_floor = last_event_id(), version = version + 1,
       quiet_until = '-infinity'
     where workspace_id = $1 and (id = $2 or parent_id = $2) and deleted_at is null returning id`,
    [ref.workspaceId, ref.endpointId],
  );
  return rows.some((row) => row.id === ref.endpointId);
}

/** Secrets ready for the ledger, bound to this workspace and endpoint. The first is the current one. */
export function sealSecrets(box: SecretBox, ref: EndpointRef, secrets: readonly WebhookSecret[]): Buffer {
  return box.seal(JSON.stringify(secrets), { workspaceId: ref.workspaceId, channelId: ref.endpointId });
}

/** The endpoint's secrets in clear, those of the past left out. For the moment of signing only: never log or return them. */
export async function openSecrets(
  db: Db,
  box: SecretBox,
  ref: EndpointRef,
  nowMs: number,
): Promise<WebhookSecret[]> {
  const [row] = await db.query<{ secrets: Buffer }>(
    'select secrets from webhook_endpoints where workspace_id = $1 and id = $2 and deleted_at is null',
    [ref.workspaceId, ref.endpointId],
  );
  if (!row) return [];
  const text = box.open(row.secrets, { workspaceId: ref.workspaceId, channelId: ref.endpointId });
  const secrets = JSON.parse(text) as WebhookSecret[];
  return secrets.filter(({ until }) => until === undefined || until > nowMs);
}
