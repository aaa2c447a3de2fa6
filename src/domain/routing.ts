import { CHANNEL_KINDS, type ChannelKind } from './kinds';
import { type Recipient } from './message-spec';

/** A configured channel, as far as routing needs to know it. */
export interface RoutableChannel {
  readonly id: string;
  readonly kind: ChannelKind;
  readonly provider: string;
  readonly sandbox: boolean;
  /** Lower goes first within its kind. */
  readonly priority: number;
  /** Epoch ms; the older goes first where priorities are equal. */
  readonly createdAtMs: number;
  readonly enabled: boolean;
}

export interface RoutingInput {
  readonly recipient: Recipient;
  /** Kinds asked for by the job or message, in order. Absent: the workspace's order. */
  readonly wanted?: readonly ChannelKind[];
  readonly order: readonly ChannelKind[];
  readonly channels: readonly RoutableChannel[];
  /** The channel in the path (Bird): this one or none. */
  readonly channelId?: string;
}

export interface Route {
  readonly kind: ChannelKind;
  readonly channelId: string;
  readonly address: string;
}

/** `routes` is never empty: the first is taken, the others follow in order after a proved refusal. */
export type RoutingResult =
  | { readonly ok: true; readonly routes: readonly Route[] }
  | { readonly ok: false; readonly reason: 'no_channel' | 'no_address'; readonly detail: string };

/**
 * Where the recipient is reached by this kind. A webhook reaches everybody, by the recipient's id; an inbox belongs to
 * an id that the caller gave; the seeded `any` channel takes whatever address there is.
 */
function addressFor(kind: ChannelKind, { id, idGenerated, addresses }: Recipient): string | undefined {
  if (kind === 'webhook') return id || undefined;
  if (kind === 'inbox') return idGenerated ? undefined : id || undefined;
  if (kind !== 'any') return addresses[kind] || undefined;
  return addresses.any || CHANNEL_KINDS.map((one) => addresses[one]).find(Boolean);
}

/** Enabled channels of a kind, best first; the sandboxes only where there is nothing else. */
function channelsOf(kind: ChannelKind, channels: readonly RoutableChannel[]): RoutableChannel[] {
  const enabled = channels.filter((channel) => channel.kind === kind && channel.enabled);
  const real = enabled.filter((channel) => !channel.sandbox);
  return (real.length > 0 ? real : enabled).sort(
    (a, b) => a.priority - b.priority || a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1),
  );
}

function namedChannel({ recipient, channels }: RoutingInput, channelId: string): RoutingResult {
  const channel = channels.find((one) => one.id === channelId);
  if (!channel?.enabled)
    return { ok: false, reason: 'no_channel', detail: 'The channel is disabled or gone.' };
  const address = addressFor(channel.kind, recipient);
  if (address === undefined)
    return { ok: false, reason: 'no_address', detail: `The recipient has no address for ${channel.kind}.` };
  return { ok: true, routes: [{ kind: channel.kind, channelId, address }] };
}

/** A webhook needs no address, so it does not make the lack of one the lack of a channel, unless only it was wanted. */
function nowhere(kinds: readonly ChannelKind[], recipient: Recipient): RoutingResult {
  const reachable = kinds.filter((kind) => addressFor(kind, recipient) !== undefined);
  const missesChannel =
    reachable.some((kind) => kind !== 'webhook') || kinds.every((kind) => kind === 'webhook');
  return missesChannel
    ? {
        ok: false,
        reason: 'no_channel',
        detail: `No enabled channel of any kind that reaches the recipient: ${kinds.join(', ')}.`,
      }
    : {
        ok: false,
        reason: 'no_address',
        detail: `The recipient has no address for any of ${kinds.join(', ')}.`,
      };
}

/**
 * Every way to this recipient, best first (design, "Running it"): kinds in the order wanted, within a kind by priority,
 * then age. A sandbox is where a message may start and never where it falls back to; `any` is reached by id alone.
 */
export function chooseRoutes(input: RoutingInput): RoutingResult {
  if (input.channelId !== undefined) return namedChannel(input, input.channelId);
  const kinds = [...new Set(input.wanted ?? input.order)].filter((kind) => kind !== 'any');
  const eligible = kinds.flatMap((kind) => {
    const address = addressFor(kind, input.recipient);
    if (address === undefined) return [];
    return channelsOf(kind, input.channels).map((channel) => ({ channel, address }));
  });
  const routes = eligible
    .filter(({ channel }, index) => index === 0 || !channel.sandbox)
    .map(({ channel, address }) => ({ kind: channel.kind, channelId: channel.id, address }));
  return routes.length > 0 ? { ok: true, routes } : nowhere(kinds, input.recipient);
}
