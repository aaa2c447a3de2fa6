import { type Pinned } from '../../src/domain/pinned';
import { chooseRoutes, type RoutingResult } from '../../src/domain/routing';
import { type DeliveryContext } from '../../src/ledger/delivery-context';
import { type ProviderRegistry } from '../../src/providers/registry';

/** The ways this message may take, from the channels as they were pinned: the same at every attempt. */
export function routesOf(message: DeliveryContext, providers: ProviderRegistry): RoutingResult {
  const pinned = message.pinned;
  if (!pinned) return { ok: false, reason: 'no_channel', detail: 'The job was not run yet.' };
  return chooseRoutes({
    recipient: message.spec.recipient,
    order: pinned.order,
    channels: channelsOf(pinned, providers),
    ...(message.jobSpec.route ? { wanted: message.jobSpec.route } : {}),
    ...(message.spec.channelId === undefined ? {} : { channelId: message.spec.channelId }),
  });
}

type Candidates = Parameters<typeof chooseRoutes>[0]['channels'];
/** What is pinned never changes, and all messages of a page share it. */
const candidates = new WeakMap<Pinned, Candidates>();

function channelsOf(pinned: Pinned, providers: ProviderRegistry): Candidates {
  const known = candidates.get(pinned);
  if (known) return known;
  const channels = pinned.channels.map((channel) => ({
    ...channel,
    enabled: true,
    sandbox: providers.get(channel.provider)?.sandbox === true,
  }));
  candidates.set(pinned, channels);
  return channels;
}
