/** Names with their `utm_` prefix and values as they are, not encoded. */
export type Utm = Readonly<Record<string, string>>;

/** One of Bird's `utmParameters`: a value, or a reference to something that the message knows. */
export interface BirdUtmParameter {
  readonly key: string;
  readonly value?: string | undefined;
  readonly reference?: 'platform_name' | 'channel_name' | undefined;
}

export interface BirdUtmNames {
  /** The kind of the channel: `email`, `sms` … */
  readonly platformName: string;
  readonly channelName: string;
}

/** Courier's `metadata.utm`. */
export interface CourierUtm {
  readonly source?: string | undefined;
  readonly medium?: string | undefined;
  readonly campaign?: string | undefined;
  readonly term?: string | undefined;
  readonly content?: string | undefined;
}

const COURIER_FIELDS = ['source', 'medium', 'campaign', 'term', 'content'] as const;

/** A value wins over a reference; a parameter with neither says nothing; of two with one key the last one holds. */
export function utmFromBird(parameters: readonly BirdUtmParameter[], names: BirdUtmNames): Utm {
  const references = { platform_name: names.platformName, channel_name: names.channelName };
  return collect(
    parameters.map(({ key, value, reference }) => [key, value ?? (reference && references[reference])]),
  );
}

/** Fields that Courier does not document are no UTM parameters and are left out. */
export function utmFromCourier(utm: CourierUtm): Utm {
  return collect(COURIER_FIELDS.map((field) => [field, utm[field]]));
}

function collect(entries: readonly (readonly [string, string | undefined])[]): Utm {
  const named = entries.flatMap(([key, value]) => (value ? [[prefixed(key.trim()), value] as const] : []));
  return Object.fromEntries(named);
}

/** Both `source` and `utm_source` are in use for the same thing; analytics know only the second. */
function prefixed(key: string): string {
  return /^utm_/i.test(key) ? key.toLowerCase() : `utm_${key.toLowerCase()}`;
}

/**
 * The URL with the parameters that it does not have yet. Its own query, order, encoding and fragment stay as they are,
 * letter for letter: a signed URL would break otherwise.
 */
export function addUtm(url: string, utm: Utm): string {
  const fragmentAt = url.indexOf('#');
  const page = fragmentAt < 0 ? url : url.slice(0, fragmentAt);
  const fragment = fragmentAt < 0 ? '' : url.slice(fragmentAt);
  const queryAt = page.indexOf('?');
  const present = namesIn(queryAt < 0 ? '' : page.slice(queryAt));
  const added = Object.entries(utm)
    .filter(([name]) => !present.has(name))
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  if (added.length === 0) return url;
  return `${page}${separator(page, queryAt)}${added.join('&')}${fragment}`;
}

function separator(page: string, queryAt: number): string {
  if (queryAt < 0) return '?';
  return queryAt === page.length - 1 || page.endsWith('&') ? '' : '&';
}

function namesIn(query: string): ReadonlySet<string> {
  return new Set([...new URLSearchParams(query).keys()].map((name) => name.toLowerCase()));
}

/** Half a surrogate pair makes encodeURIComponent throw. */
function encoded(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'));
}
