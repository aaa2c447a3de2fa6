import { type ErrorDetail } from '../../src/domain/errors';
import { type ChannelKind } from '../../src/domain/kinds';

/** Courier's names of channels, and ours. */
export const KINDS_BY_COURIER_CHANNEL: Readonly<Record<string, ChannelKind>> = {
  email: 'email',
  sms: 'sms',
  push: 'push',
  inbox: 'inbox',
  direct_message: 'chat',
  webhook: 'webhook',
};
export const COURIER_CHANNELS = ['email', 'sms', 'push', 'inbox', 'direct_message', 'webhook'] as const;

/** Shows in the sender's own app, by Courier's SDK for it: a channel of Courier's that reaches nobody here. */
export const BANNER = 'banner';

/** Routing inside routing inside routing: nobody means it, and it must not exhaust the stack. */
const MAX_DEPTH = 5;
/** Of one message, nested ones counted: there are six to name, and each wrong one is told. */
export const CHANNELS_MAX = 50;

export interface Routing {
  readonly method: 'single' | 'all';
  readonly channels: readonly (string | Routing)[];
}

export interface RouteReading {
  /** Kinds in the order to try, each once; empty means the workspace's order. */
  readonly kinds: readonly ChannelKind[];
  readonly problems: readonly ErrorDetail[];
}

/** What one `routing` has given so far. */
interface Reading {
  readonly kinds: Set<ChannelKind>;
  readonly problems: ErrorDetail[];
  hasBanner: boolean;
}

/**
 * Reads `routing` as a list of kinds to try. `single` within `single` says nothing but an order, so nested lists are
 * flattened; `all` cannot be done yet and is refused, as is a name that is no channel. A banner beside other channels is passed
 * over, as is a kind that the workspace has no channel of; alone it is refused, for no channels at all would mean any.
 */
export function readRouting(routing: Routing, at: string): RouteReading {
  const reading: Reading = { kinds: new Set(), problems: [], hasBanner: false };
  readList(routing, at, 1, reading);
  const { kinds, problems, hasBanner } = reading;
  if (hasBanner && kinds.size === 0 && problems.length === 0) {
    problems.push({
      at: `${at}.channels`,
      problem: 'a banner reaches nobody here; name another channel too',
    });
  }
  return { kinds: [...kinds], problems };
}

function readList(routing: Routing, at: string, depth: number, reading: Reading): void {
  const { kinds, problems } = reading;
  if (routing.method === 'all') {
    const problem = 'routing to all channels is not supported yet; use "single"';
    problems.push({ at: `${at}.method`, problem });
    return;
  }
  for (const [index, channel] of routing.channels.entries()) {
    const here = `${at}.channels[${index}]`;
    if (typeof channel === 'string') {
      const kind = kindOf(channel);
      if (kind) kinds.add(kind);
      else if (channel === BANNER) reading.hasBanner = true;
      else problems.push({ at: here, problem: unknownChannel(channel) });
    } else if (depth >= MAX_DEPTH) {
      problems.push({ at: here, problem: `nested over ${MAX_DEPTH} deep` });
    } else {
      readList(channel, here, depth + 1, reading);
    }
  }
}

/** True where an unread `routing`, nested ones counted, has more channels than anybody means. Looks at no more than it allows. */
export function hasChannelsBeyond(routing: unknown): boolean {
  const unread: unknown[] = [routing];
  let channels = 0;
  for (let given = unread.pop(); given !== undefined; given = unread.pop()) {
    const inner = channelsIn(given);
    channels += inner.length;
    if (channels > CHANNELS_MAX) return true;
    unread.push(...inner);
  }
  return false;
}

function channelsIn(routing: unknown): readonly unknown[] {
  const isRouting = typeof routing === 'object' && routing !== null && 'channels' in routing;
  return isRouting && Array.isArray(routing.channels) ? routing.channels : [];
}

/** Undefined for a name that is none of Courier's channels, and for its banner. */
export function kindOf(channel: string): ChannelKind | undefined {
  return Object.hasOwn(KINDS_BY_COURIER_CHANNEL, channel) ? KINDS_BY_COURIER_CHANNEL[channel] : undefined;
}

function unknownChannel(name: string): string {
  const known = Object.keys(KINDS_BY_COURIER_CHANNEL).join(', ');
  return `no channel is called "${name.slice(0, 64)}"; there is ${known} (providers cannot be named here)`;
}

export function courierChannelOf(kind: ChannelKind): (typeof COURIER_CHANNELS)[number] {
  return COURIER_CHANNELS.find((channel) => KINDS_BY_COURIER_CHANNEL[channel] === kind) ?? 'webhook';
}
