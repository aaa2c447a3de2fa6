import { z } from 'zod';
import { type MessageState } from '../../src/domain/states';
import { type DeliveryView, type MessageView } from '../../src/service/views';
import { withoutAddresses } from './failure-text';
import { msSince1970 } from './openapi-parts';
import { courierNameOf } from './routing';
import { SHOWN_STATUSES } from './statuses';

/** One of a message's `providers[]`, as SDK v3 to v5 type it (courier-node v5.7.0, src/types.ts) and newer ones pass it on. */
export const providerEntry = z.object({
  channel: z.object({
    id: z.string(),
    key: z.string().meta({ description: 'email, sms, push, inbox, direct_message or webhook.' }),
  }),
  provider: z.string(),
  status: z.enum(SHOWN_STATUSES).meta({ description: 'What became of the message through this provider.' }),
  error: z.string().optional().meta({
    description:
      "Why it did not go this way: of one that was given up the provider's words; never an address.",
  }),
  sent: msSince1970('When this provider took it').optional(),
  delivered: msSince1970('When it arrived through it').optional(),
  clicked: msSince1970('When a link of it was first followed').optional(),
  reference: z.object({ id: z.string() }).optional(),
});
type ProviderEntry = z.input<typeof providerEntry>;

/** What is said of a message and of a provider alike. */
export type Fate = Pick<ProviderEntry, 'status' | 'error' | 'sent' | 'delivered' | 'clicked'>;

/**
 * The providers that had the message, in the order in which they were tried. A message goes on to another one only where every
 * call of the one before was refused, so what is said of the message (`own`) is said of the newest.
 */
export function providersOf(view: MessageView, own: Fate): ProviderEntry[] {
  const newest = view.deliveries.at(-1);
  return view.deliveries.map((delivery) => ({
    channel: { id: delivery.channelId, key: courierNameOf(delivery.kind) },
    provider: delivery.provider,
    ...(delivery === newest && !isOver(view, delivery) ? own : refusalOf(view, delivery)),
    ...(delivery.vendorId ? { reference: { id: delivery.vendorId } } : {}),
  }));
}

/** In these the message has left its newest provider behind, if that was given up: it waits for another one, or ended before. */
const BETWEEN_PROVIDERS: readonly MessageState[] = ['waiting', 'rejected', 'skipped', 'canceled', 'failed'];

function isOver({ state }: MessageView, { leftAt }: DeliveryView): boolean {
  return BETWEEN_PROVIDERS.includes(state) && leftAt !== null;
}

/** In the provider's words alone: whether it refused the message, the credentials or only the last attempt is kept nowhere else. */
function refusalOf({ spec }: MessageView, { detail }: DeliveryView): Fate {
  return { status: 'UNDELIVERABLE', ...(detail ? { error: withoutAddresses(detail, spec) } : {}) };
}
