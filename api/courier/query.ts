import { VolleyError } from '../../src/domain/errors';

/**
 * Courier's SDKs write the query in five ways (courier-api.md §1.3): an absent value as the word `undefined`, lists repeated,
 * in brackets (`status[]`) or with commas, and everything encoded twice. This reads them all the same.
 */
type Query = ReadonlyMap<string, readonly string[]>;

/** v4 and v5 encode once more than a server decodes; one more round than that does no harm and ends any loop. */
const EXTRA_DECODINGS = 2;

/** Longer than any value that means something here: an absurd one is refused before anything looks at it. */
const VALUE_MAX_LENGTH = 2_048;

/** The value of a parameter that has one; undefined where absent, empty or the literal `undefined`. Given twice: 400. */
export function queryText(query: Query, name: string): string | undefined {
  const values = [...new Set(valuesOf(query, name))];
  if (values.length > 1) throw refuse(name, 'given more than once with different values; give it once');
  return values[0];
}

/** The values of a list parameter, in order and without repeats; empty where absent. */
export function queryList(query: Query, name: string): readonly string[] {
  const parts = valuesOf(query, name).flatMap((value) => value.split(','));
  return [...new Set(parts.map((part) => part.trim()).filter(isPresent))];
}

export function refuseQuery(name: string, problem: string): VolleyError {
  return refuse(name, problem);
}

function valuesOf(query: Query, name: string): string[] {
  const raw = [...(query.get(name) ?? []), ...(query.get(`${name}[]`) ?? [])];
  return raw.map((value) => decode(name, value).trim()).filter(isPresent);
}

function isPresent(value: string): boolean {
  return value !== '' && value !== 'undefined';
}

function decode(name: string, value: string): string {
  if (value.length > VALUE_MAX_LENGTH) throw refuse(name, `longer than ${VALUE_MAX_LENGTH} characters`);
  let text = value;
  for (let round = 0; round < EXTRA_DECODINGS && /%[0-9a-f]{2}/i.test(text); round += 1) {
    try {
      text = decodeURIComponent(text);
    } catch {
      return text;
    }
  }
  return text;
}

function refuse(name: string, problem: string): VolleyError {
  return new VolleyError('invalid_request', 'The query is not valid.', {
    details: [{ at: `query.${name}`, problem }],
  });
}
