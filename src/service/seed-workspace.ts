import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';
import { DEFAULT_ROUTING_ORDER } from '../domain/kinds';
import { seedBrand } from '../ledger/brands';
import { insertChannel } from '../ledger/channels';
import { type Database, type Tx } from '../ledger/database';
import { seedKey } from '../ledger/keys';
import { seedTemplate } from '../ledger/template-drafts';
import { insertWorkspace } from '../ledger/workspaces';
import { SEEDED_BRAND, SEEDED_BIRD_TEMPLATE, SEEDED_TEMPLATE } from './seed-content';

/** The one id of the Bird seed: its workspace and its channel. */
export const SEEDED_WORKSPACE_ID = 'a1405560-c8d3-4b1a-877d-3f449ad95352';
export const SEEDED_CHANNEL_ID = SEEDED_WORKSPACE_ID;
/** The key of the Bird seed's curl example. Known to everybody: it may exist only where nobody else can call. */
export const SEEDED_API_KEY = 'abcd';
const SEEDED_BIRD_TEMPLATE_ID = '4b7e08a9-5d0e-4e56-aaf1-cd0bfa29d431';
const SEEDED_BIRD_VERSION_ID = 'fe72e43f-340e-4d41-9a9e-a136278ebb04';

/** The sandbox channel that every workspace has of a kind from the start: derived, so that a test or a doc can name it. */
export function sandboxChannelId(workspaceId: string, kind: string): string {
  return uuidv5(`sandbox-channel/${kind}`, workspaceId);
}

/** Makes a workspace with a sandbox channel of each kind, so that a first message gets somewhere. Returns its id. */
export async function createWorkspace(
  tx: Tx,
  input: { name: string; organizationId?: string | undefined },
): Promise<string> {
  const id = uuidv7();
  await insertWorkspace(tx, { id, ...input });
  await seedSandboxChannels(tx, id);
  return id;
}

/**
 * Puts there what the seeds' examples name, each thing once: what its owner changed, revoked or deleted stays so.
 * `embedded` adds the well-known key, and must be true only where the API listens on loopback alone.
 */
export async function seedEmbedded(db: Database, options: { embedded: boolean }): Promise<void> {
  await db.transaction(async (tx) => {
    const workspaceId = SEEDED_WORKSPACE_ID;
    await insertWorkspace(tx, { id: workspaceId, name: 'Default workspace' });
    await seedSandboxChannels(tx, workspaceId);
    await insertChannel(tx, {
      ...{
        id: SEEDED_CHANNEL_ID,
        workspaceId,
        kind: 'any',
        provider: 'sandbox',
        name: 'Sandbox for everything',
      },
      settings: {},
    });
    await seedTemplate(tx, {
      ...{ workspaceId, slug: 'my-notification-or-event', aliases: ['V7E6M48EFQMB78H746QCCD1KSRAA'] },
      id: uuidv5('template/my-notification-or-event', workspaceId),
      versionId: uuidv5('template/my-notification-or-event/1', workspaceId),
      content: SEEDED_TEMPLATE,
    });
    await seedTemplate(tx, {
      ...{ workspaceId, slug: 'bird-example', aliases: [], content: SEEDED_BIRD_TEMPLATE },
      ...{ id: SEEDED_BIRD_TEMPLATE_ID, versionId: SEEDED_BIRD_VERSION_ID },
    });
    const brandId = uuidv5('brand/my-brand', workspaceId);
    await seedBrand(tx, { id: brandId, workspaceId, slug: 'my-brand', content: SEEDED_BRAND });
    if (!options.embedded) return;
    const keyId = uuidv5('key/embedded', workspaceId);
    await seedKey(tx, { id: keyId, workspaceId, name: 'Embedded default', key: SEEDED_API_KEY });
  });
}

async function seedSandboxChannels(tx: Tx, workspaceId: string): Promise<void> {
  for (const kind of DEFAULT_ROUTING_ORDER) {
    const id = sandboxChannelId(workspaceId, kind);
    await insertChannel(tx, {
      id,
      workspaceId,
      kind,
      provider: 'sandbox',
      name: `Sandbox ${kind}`,
      settings: {},
    });
  }
}
