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
    channels: pinned.channels.map((channel) => ({
      ...channel,
      enabled: true,
      sandbox: providers.get(channel.provider)?.sandbox === true,
    })),
    ...(message.jobSpec.route ? { wanted: message.jobSpec.route } : {}),
    ...(message.spec.channelId === undefined ? {} : { channelId: message.spec.channelId }),
  });
}
