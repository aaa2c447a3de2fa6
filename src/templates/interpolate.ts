import { escapeFor, type Target } from './escape';

/**
 * Courier's inline content: `{{ name }}` and `{{ user.name }}` and nothing else. An engine of its own and not Liquid,
 * because here everything that is no plain path (`{% … %}`, `{{ }}`, `{{ 50% off`) must stay as it was written.
 */
const OUTPUT = /\{\{\s*([\p{L}_$][\p{L}\p{N}_$-]*(?:\.[\p{L}\p{N}_$-]+|\[\d{1,6}\])*)\s*\}\}/gu;

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

/** Replaces the outputs of `source` by their values, each escaped for `target`. Values are never read as templates. */
export function interpolate(source: string, scope: unknown, target: Target): string {
  if (!source.includes('{{')) return source;
  return source.replace(OUTPUT, (_whole, path: string) => escapeFor(target, spell(valueAt(scope, path))));
}

/** The same for a URL: a variable that opens it may bring a whole URL, one further in is a part and encoded as such. */
export function interpolateUrl(source: string, scope: unknown): string {
  const trimmed = source.trim();
  return trimmed.replace(OUTPUT, (_whole, path: string, offset: number) =>
    escapeFor(offset === 0 ? 'urlStart' : 'urlPart', spell(valueAt(scope, path))),
  );
}
