import { type ChannelKind } from '../../src/domain/kinds';
import { trackingOf, type LinkWishes, type UtmWish } from '../../src/domain/link-wishes';
import { utmFromCourier } from '../../src/links/utm';
import { type SendFields } from './message-schema';
import { KINDS_BY_COURIER_CHANNEL } from './routing';

type LinkFields = Pick<SendFields, 'metadata' | 'channels' | 'providers'>;
type Bag = Readonly<Record<string, unknown>>;

/**
 * What a message of Courier's asks to be done with its links: `metadata.utm`, that of its channels, that of its providers; the
 * nearer to the delivery wins, and within each the later of `fields`. Courier has no switch for tracking in a message: ours is
 * `Volley-Options: linkTracking=on`.
 */
export function readLinkFields(
  fields: readonly LinkFields[],
  tracking: boolean | undefined,
): LinkWishes | undefined {
  const utm = [
    ...fields.flatMap(({ metadata }) => utmOf({ metadata })),
    ...fields.flatMap(({ channels }) =>
      entriesOf(channels).flatMap(([name, channel]) => {
        const kind = Object.hasOwn(KINDS_BY_COURIER_CHANNEL, name)
          ? KINDS_BY_COURIER_CHANNEL[name]
          : undefined;
        return kind ? utmOf(channel, { kind }) : [];
      }),
    ),
    ...fields.flatMap(({ providers }) =>
      entriesOf(providers).flatMap(([provider, settings]) => utmOf(settings, { provider })),
    ),
  ];
  if (utm.length === 0 && tracking === undefined) return undefined;
  return {
    ...(tracking === undefined ? {} : trackingOf(tracking)),
    ...(utm.length > 0 ? { utm } : {}),
  };
}

/** What is no text is kept and given back like the rest of the bag, and appended to nothing. */
function utmOf(of: Bag, where: { kind?: ChannelKind; provider?: string } = {}): UtmWish[] {
  const { metadata } = of;
  const utm = isBag(metadata) && isBag(metadata['utm']) ? metadata['utm'] : {};
  const texts = Object.fromEntries(Object.entries(utm).filter(([, value]) => typeof value === 'string'));
  return Object.entries(utmFromCourier(texts)).map(([key, value]) => ({ key, value, ...where }));
}

function entriesOf(bag: Bag | null | undefined): [string, Bag][] {
  return Object.entries(bag ?? {}).filter((entry): entry is [string, Bag] => isBag(entry[1]));
}

function isBag(value: unknown): value is Bag {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
