import { type ChannelKind } from './kinds';

/** One parameter for every web link of a message. */
export interface UtmWish {
  /** With or without `utm_` before it. */
  readonly key: string;
  readonly value?: string;
  /** Something that the delivery knows: the kind of its channel, or the channel's name. A value wins over it. */
  readonly reference?: 'platform_name' | 'channel_name';
  /** Only where the message goes by this kind of channel, or through this provider. */
  readonly kind?: ChannelKind;
  readonly provider?: string;
}

/** What a message or its job asks to be done with its links. A message's own wish wins over its job's, that over the workspace's. */
export interface LinkWishes {
  /** Links lead through Volley, and clicks are noted. */
  readonly clicks?: boolean;
  /** The HTML gets a picture that tells when it is opened. */
  readonly opens?: boolean;
  /** Of two with one key the last one that applies holds. */
  readonly utm?: readonly UtmWish[];
  /** Short links instead of long ones, on this domain or the workspace's first. */
  readonly short?: { readonly domain?: string };
}

/** What a workspace has set for all of its messages. */
export interface LinkSettings {
  /** Clicks and opens, for messages that say nothing themselves. */
  readonly linkTracking: boolean;
  /** Domains that lead here, for short links; the first where a message names none. */
  readonly shortLinkDomains: readonly string[];
}

export const DEFAULT_LINK_SETTINGS: LinkSettings = { linkTracking: false, shortLinkDomains: [] };

/** Both at once, as one switch for a whole message means it. */
export function trackingOf(on: boolean): Pick<LinkWishes, 'clicks' | 'opens'> {
  return { clicks: on, opens: on };
}
