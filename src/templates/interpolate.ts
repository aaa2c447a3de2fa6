import { escapeFor, type Target } from './escape';

/**
 * Courier's inline content: `{{ name }}` and `{{ user.name }}` and nothing else. An engine of its own and not Liquid,
 * because here everything that is no plain path (`{% … %}`, `{{ }}`, `{{ 50% off`) must stay as it was written.
 */
const OUTPUT = /\{\{\s*([\p{L}_$][\p{L}\p{N}_$-]*(?:\.[\p{L}\p{N}_$-]+|\[\d{1,6}\])*)\s*\}\}/gu;

/** What the values of one message may add up to. A hundred thousand outputs of a megabyte each fit into one request. */
const MAX_VALUE_CHARS = 5_000_000;

export interface Interpolator {
  /** Replaces the outputs in `source` by their values, each escaped for the target. Values are never read as templates. */
  fill(source: string, target: Target): string;
  /** The same for a URL: a variable that opens it may bring a whole URL, one further in is encoded as a part of it. */
  fillUrl(source: string): string;
}

/** The own value at a path of a JSON value; undefined where any step is missing. Prototypes are never read. */
export function valueAt(scope: unknown, path: string): unknown {
  let value: unknown = scope;
  for (const key of path.replace(/\[(\d+)\]/g, '.$1').split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** Scalars as they are, lists of scalars joined by commas; nothing for what is absent or has no plain spelling. */
function spell(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  if (Array.isArray(value)) return value.map(spell).filter(Boolean).join(', ');
  return '';
}

/** For the strings of one message. Throws a RangeError when their values grow beyond all reason together. */
export function createInterpolator(scope: object): Interpolator {
  let chars = 0;

  function valueFor(path: string, target: Target): string {
    const value = escapeFor(target, spell(valueAt(scope, path)));
    chars += value.length;
    if (chars > MAX_VALUE_CHARS)
      throw new RangeError(`The values have more than ${MAX_VALUE_CHARS} characters`);
    return value;
  }

  return {
    fill(source, target) {
      if (!source.includes('{{')) return source;
      return source.replace(OUTPUT, (_whole, path: string) => valueFor(path, target));
    },
    fillUrl: (source) =>
      source
        .trim()
        .replace(OUTPUT, (_whole, path: string, offset: number) =>
          valueFor(path, offset === 0 ? 'urlStart' : 'urlPart'),
        ),
  };
}
