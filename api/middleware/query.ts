import { VolleyError } from '../../src/domain/errors';

/**
 * Reads a raw query string: every value that each name had, in order. Courier's SDKs v4 and v5 send the word `undefined`
 * for parameters that were not given, so it counts as absent; malformed percent-encoding is kept as it came.
 * @throws VolleyError invalid_request for a NUL, which no stored text can equal.
 */
export function parseQuery(rawUrl: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  const mark = rawUrl.indexOf('?');
  if (mark < 0) return values;
  for (const pair of rawUrl.slice(mark + 1).split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = decode(equals < 0 ? '' : pair.slice(equals + 1));
    if (value === 'undefined') continue;
    if (name.includes('\0') || value.includes('\0')) throw nulRefused(name);
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return values;
}

function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

function nulRefused(name: string): VolleyError {
  return new VolleyError('invalid_request', 'A query parameter holds a NUL character: leave it out.', {
    details: [{ at: `query.${name.replaceAll('\0', '')}`, problem: 'holds a NUL character' }],
  });
}
