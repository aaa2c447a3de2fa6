import { z } from 'zod';
import { DEFAULT_ROUTING_ORDER, type RoutableKind } from '../domain/kinds';
import { FAN_OUTS, type FanOut } from '../domain/states';
import { type Db, type Tx } from './database';
import { workspaceKey } from './fact-keys';
import { gateSettingsSchema } from './gate-settings';
import { linkSettingsSchema } from './link-settings';
import { raiseFacts } from './suppressions';
import { type GateSettings } from '../domain/gate-wishes';
import { type LinkSettings } from '../domain/link-wishes';

/** A tenant. */
export interface Workspace {
  readonly id: string;
  readonly organizationId: string | null;
  readonly name: string;
  readonly createdAt: Date;
}

/** What a workspace may decide for itself. */
export interface WorkspaceSettings extends GateSettings, LinkSettings {
  /** Kinds in the order in which they are tried. */
  readonly routingOrder: readonly RoutableKind[];
  /** How its bulk jobs are delivered unless they say; undefined: as the installation has it. */
  readonly fanOut?: FanOut | undefined;
}

const COLUMNS = `id, organization_id as "organizationId", name, created_at as "createdAt"`;

/** It is read and pinned with every message: as long as there are kinds, and no longer. */
export const routingOrderSchema = z
  .array(z.enum(DEFAULT_ROUTING_ORDER))
  .min(1)
  .max(DEFAULT_ROUTING_ORDER.length);

const settingsSchema = gateSettingsSchema.extend({
  ...linkSettingsSchema.shape,
  routingOrder: routingOrderSchema.catch([...DEFAULT_ROUTING_ORDER]),
  fanOut: z.enum(FAN_OUTS).optional().catch(undefined),
});

/** Adds a workspace; where there is one of this id already, it stays as it is. False then. */
export async function insertWorkspace(
  db: Db,
  workspace: { id: string; name: string; organizationId?: string | undefined },
): Promise<boolean> {
  const rows = await db.query(
    'insert into workspaces (id, name, organization_id) values ($1, $2, $3) on conflict do nothing returning id',
    [workspace.id, workspace.name, workspace.organizationId ?? null],
  );
  return rows.length > 0;
}

/** The workspace of this id; the id must be a UUID. */
export async function getWorkspace(db: Db, workspaceId: string): Promise<Workspace | undefined> {
  const [row] = await db.query<Workspace & { id: string }>(
    `select ${COLUMNS} from workspaces where id = $1`,
    [workspaceId],
  );
  return row;
}

/** The workspace's own settings, with the defaults for what it leaves open (also for a workspace that is not there). */
export async function getWorkspaceSettings(db: Db, workspaceId: string): Promise<WorkspaceSettings> {
  const [row] = await db.query<{ settings: unknown }>('select settings from workspaces where id = $1', [
    workspaceId,
  ]);
  return readSettings(row?.settings);
}

/** What is stored in `workspaces.settings`, with the defaults for what it leaves open. */
export function readSettings(stored: unknown): WorkspaceSettings {
  return settingsSchema.parse(stored ?? {});
}

/** Changes what is given and leaves the rest; null puts a setting back to its default. Holds from the commit on. */
export async function changeWorkspaceSettings(
  tx: Tx,
  workspaceId: string,
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  await tx.query('update workspaces set settings = jsonb_strip_nulls(settings || $2::jsonb) where id = $1', [
    workspaceId,
    JSON.stringify(change),
  ]);
  await raiseFacts(tx, workspaceId, [workspaceKey(workspaceId)]);
}

/** Lets one transaction at a time change what must be unique within a workspace (slugs and aliases). */
export async function lockWorkspace(tx: Db, workspaceId: string): Promise<void> {
  // NO KEY: rows that merely refer to the workspace can be inserted meanwhile.
  await tx.query('select id from workspaces where id = $1 for no key update', [workspaceId]);
}
