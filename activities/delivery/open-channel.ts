import { type Logger } from 'pino';
import { getChannel, openCredentials, type ChannelRef } from '../../src/ledger/channels';
import { type Db } from '../../src/ledger/database';
import { type Provider, type ProviderChannel } from '../../src/providers/contract';
import { type ProviderRegistry } from '../../src/providers/registry';
import { UnsealError, type SecretBox } from '../../src/runtime/secret-box';

export interface OpenChannel {
  readonly channel: ProviderChannel;
  /** As the workspace calls it. */
  readonly name: string;
  readonly provider: Provider;
}

/** Settings and credentials of a channel change rarely: kept this long, so that a changed one is used soon. */
const CACHE_MS = 2_000;
const MAX_CACHED = 1_000;

/** Undefined: it cannot be used (any more). `sealed`: it can again once the key of its credentials is back, or they were saved again. */
export type Opened = OpenChannel | 'sealed' | undefined;

/** Reads a channel, checks its settings and opens its credentials. The log tells of one that is sealed, once a look. */
export function createChannelOpener(deps: {
  db: Db;
  providers: ProviderRegistry;
  secretBox: SecretBox;
  log: Pick<Logger, 'warn'>;
}): (ref: ChannelRef) => Promise<Opened> {
  const cache = new Map<string, { untilMs: number; opened: Promise<Opened> }>();
  return (ref) => {
    const key = `${ref.workspaceId}/${ref.channelId}`;
    const known = cache.get(key);
    if (known && known.untilMs > Date.now()) return known.opened;
    const opened = read(ref).catch((error: unknown) => sealedOrThrow(ref, error));
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(key, { untilMs: Date.now() + CACHE_MS, opened });
    opened.catch(() => cache.delete(key));
    return opened;
  };

  function sealedOrThrow({ workspaceId, channelId }: ChannelRef, error: unknown): 'sealed' {
    if (!(error instanceof UnsealError)) throw error;
    deps.log.warn({ event: 'channel.sealed', workspaceId, channelId, reason: error.message });
    return 'sealed';
  }

  async function read(ref: ChannelRef): Promise<OpenChannel | undefined> {
    const row = await getChannel(deps.db, ref);
    const provider = row && deps.providers.get(row.provider);
    if (!row?.enabled || !provider) return undefined;
    const settings = provider.settings.safeParse(row.settings);
    const credentials = provider.credentials.safeParse(
      (await openCredentials(deps.db, deps.secretBox, ref)) ?? {},
    );
    if (!settings.success || !credentials.success) return undefined;
    return {
      provider,
      name: row.name,
      channel: { id: row.id, kind: row.kind, settings: settings.data, credentials: credentials.data },
    };
  }
}
