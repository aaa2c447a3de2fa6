/** The kinds of way out. `any` exists only for the seeded Bird sandbox: reached by its id, never routed to. */
export const CHANNEL_KINDS = ['email', 'sms', 'push', 'chat', 'inbox', 'webhook', 'any'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

/** The order in which a workspace tries kinds unless it says otherwise (design, "Getting a message out"). */
export const DEFAULT_ROUTING_ORDER = [
  'email',
  'sms',
  'push',
  'chat',
  'inbox',
  'webhook',
] as const satisfies readonly ChannelKind[];
export type RoutableKind = (typeof DEFAULT_ROUTING_ORDER)[number];
