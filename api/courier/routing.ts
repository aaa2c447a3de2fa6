import { type ErrorDetail } from '../../src/domain/errors';
import { type ChannelKind } from '../../src/domain/kinds';
import { refuseIfAsked } from './send-limits';

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
  readonly channels: readonly (string | ChannelEntry | Routing)[];
}

/** A channel as SDK v3 to v6 type it beside its bare name (courier-node v5.7.0, `RoutingStrategyChannel`). */
export interface ChannelEntry {
  readonly channel: string;
  readonly method?: 'single' | 'all' | null | undefined;
  readonly config?: unknown;
  readonly providers?: unknown;
  readonly if?: unknown;
}
/** What an entry may have beside its name, and Volley does not do: only empty ones are passed over. */
const ENTRY_WISHES = ['config', 'providers', 'if'] as const;

export interface RouteReading {
  /** Kinds in the order to try, each once; empty means the workspace's order. */
  readonly kinds: readonly ChannelKind[];
  readonly problems: readonly ErrorDetail[];
}

/** What one `routing` has given so far. */
interface Reading extends RouteReading {
  readonly hasBanner: boolean;
}

/**
 * Reads `routing` as a list of kinds to try. `single` within `single` says nothing but an order, so nested lists are
 * flattened; `all` cannot be done yet and is refused, as is a name that is no channel. A banner beside other channels is passed
 * over, as is a kind that the workspace has no channel of; alone it is refused, for no channels at all would mean any.
 */
export function readRouting(routing: Routing, at: string): RouteReading {
  const { kinds, problems, hasBanner } = readList(routing, at, 1);
  const bannerAlone = hasBanner && kinds.length === 0 && problems.length === 0;
  return {
    kinds: [...new Set(kinds)],
    problems: bannerAlone ? [{ at: `${at}.channels`, problem: BANNER_ALONE }] : problems,
  };
}

const BANNER_ALONE = 'a banner reaches nobody here; name another channel too';
const NOT_TO_ALL = 'routing to all channels is not supported yet; use "single"';

function readList(routing: Routing, at: string, depth: number): Reading {
  if (routing.method === 'all') return refused(`${at}.method`, NOT_TO_ALL);
  const readings = routing.channels.map((channel, index) =>
    readChannel(channel, `${at}.channels[${index}]`, depth),
  );
  return {
    kinds: readings.flatMap(({ kinds }) => kinds),
    problems: readings.flatMap(({ problems }) => problems),
    hasBanner: readings.some(({ hasBanner }) => hasBanner),
  };
}

function readChannel(channel: Routing['channels'][number], at: string, depth: number): Reading {
  if (typeof channel === 'string') return readName(channel, at);
  if ('channels' in channel) {
    if (depth >= MAX_DEPTH) return refused(at, `nested over ${MAX_DEPTH} deep`);
    return readList(channel, at, depth + 1);
  }
  const named = readName(channel.channel, `${at}.channel`);
  const wishes = ENTRY_WISHES.flatMap((wish) =>
    refuseIfAsked(`${at}.${wish}`, channel[wish], 'name the channel alone'),
  );
  const all = channel.method === 'all' ? [{ at: `${at}.method`, problem: NOT_TO_ALL }] : [];
  return { ...named, problems: [...named.problems, ...all, ...wishes] };
}

function readName(name: string, at: string): Reading {
  const kind = kindOf(name);
  if (kind) return { kinds: [kind], problems: [], hasBanner: false };
  return name === BANNER ? { kinds: [], problems: [], hasBanner: true } : refused(at, unknownChannel(name));
}

function refused(at: string, problem: string): Reading {
  return { kinds: [], problems: [{ at, problem }], hasBanner: false };
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

/** Courier's name of a kind as the ledger has it; one that Courier has no name for keeps its own. */
export function courierNameOf(kind: string): string {
  return COURIER_CHANNELS.find((channel) => KINDS_BY_COURIER_CHANNEL[channel] === kind) ?? kind;
}
