import { type Network } from '../providers/contract';

/** A Bird subscription's own words, as they are kept in `webhook_endpoints.filters`. */
export interface BirdWebhookFilters {
  readonly service: 'channels';
  /** `<channel>.outbound` or `<channel>.interaction`. */
  readonly event: string;
  /** All of them have to hold. */
  readonly eventFilters: readonly { readonly key: string; readonly value: string }[];
  readonly template?: string | undefined;
}

/** How a message went out, or would: the kind of its channel, and the network where the kind does not say it. */
export interface WayOut {
  readonly kind: string;
  readonly network?: Network | undefined;
}
