import { templateKey, type Pinned, type PinnedTemplate } from '../domain/pinned';
import { type TemplateRef } from '../domain/content';
import { getBrand } from '../ledger/brands';
import { listChannels } from '../ledger/channels';
import { resolveTemplate } from '../ledger/templates';
import { getWorkspaceSettings } from '../ledger/workspaces';
import { type Db } from '../ledger/database';

/**
 * Templates, brand and channel set as they stand now. A template that is missing is pinned as missing: its messages end
 * `rejected` with that reason, whatever is created later.
 */
export async function pin(
  db: Db,
  input: { workspaceId: string; templates: readonly TemplateRef[]; brand?: string },
): Promise<Pinned> {
  const templates: Record<string, PinnedTemplate> = {};
  for (const ref of input.templates) {
    const key = templateKey(ref);
    templates[key] ??= await resolve(db, input.workspaceId, ref);
  }
  const brand = input.brand === undefined ? undefined : await getBrand(db, input.workspaceId, input.brand);
  const channels = await listChannels(db, input.workspaceId);
  const settings = await getWorkspaceSettings(db, input.workspaceId);
  return {
    templates,
    ...(brand ? { brand } : {}),
    channels: channels
      .filter((channel) => channel.enabled)
      .map((channel) => ({
        id: channel.id,
        kind: channel.kind,
        provider: channel.provider,
        priority: channel.priority,
        createdAtMs: channel.createdAt.getTime(),
      })),
    order: settings.routingOrder,
  };
}

async function resolve(db: Db, workspaceId: string, ref: TemplateRef): Promise<PinnedTemplate> {
  const found = await resolveTemplate(db, workspaceId, ref.id, ref.version);
  return typeof found === 'string' ? { missing: found } : { versionId: found.versionId };
}
