import { VolleyError, type ErrorDetail } from '../../src/domain/errors';

/** Far above any real message, far below what a recursive reader survives. */
const MAX_DEPTH = 64;
/** One call that is wrong in more places than this is no mistake: it is refused as a whole. */
const MAX_PLACES = 10_000;
/** A place is for reading: a key of a megabyte is not repeated in full. */
const MAX_KEY_LENGTH = 100;
/**
 * jsonb writes numbers out: a 1e308 of five characters comes back as 309 digits, and 10 MB of them are more than a string of
 * Node's can hold. Between these bounds a body grows by a few times at most.
 */
const LARGEST_NUMBER = 1e40;
const SMALLEST_NUMBER = 1e-40;
// eslint-disable-next-line no-control-regex -- NUL is what is looked for
const POISON = /[\u0000\p{Surrogate}]/u;
// eslint-disable-next-line no-control-regex -- NUL is what is looked for
const NUL = /\u0000/g;
const LONE_SURROGATE = /\p{Surrogate}/gu;
/** Own keys that a careless merge later on would turn into a prototype. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
const PLAIN_KEY = /^[A-Za-z_$][A-Za-z0-9_$-]*$/;

/**
 * Takes out of parsed JSON what the ledger cannot keep or later code must not meet, and says where it stood. The value
 * is changed in place (it was just parsed: nobody else holds it); the root is returned, as it may itself be replaced.
 * NUL is dropped, a lone surrogate becomes U+FFFD, a forbidden key goes, a value that is too deep and a number of
 * over 40 places become null.
 * @throws VolleyError invalid_request when there are more than 10,000 places.
 */
export function cleanJson(root: unknown): { value: unknown; poison: readonly ErrorDetail[] } {
  const poison: ErrorDetail[] = [];
  const note = (at: string, problem: string) => {
    if (poison.length === MAX_PLACES) {
      throw new VolleyError('invalid_request', `The body is unusable in more than ${MAX_PLACES} places.`);
    }
    poison.push({ at: at || 'body', problem });
  };
  return { value: cleanValue(root, '', 0, note), poison };
}

type Note = (at: string, problem: string) => void;

function cleanValue(value: unknown, at: string, depth: number, note: Note): unknown {
  if (typeof value === 'string') return cleanText(value, at, note);
  if (typeof value === 'number') return cleanNumber(value, at, note);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) {
    note(at, `is nested deeper than ${MAX_DEPTH} levels: flatten it`);
    return null;
  }
  if (!Array.isArray(value)) return cleanObject(value as Record<string, unknown>, at, depth, note);
  for (let i = 0; i < value.length; i += 1) value[i] = cleanValue(value[i], `${at}[${i}]`, depth + 1, note);
  return value;
}

function cleanObject(object: Record<string, unknown>, at: string, depth: number, note: Note): unknown {
  for (const key of Object.keys(object)) {
    const place = below(at, key);
    if (FORBIDDEN_KEYS.has(key)) {
      delete object[key];
      note(place, `has the name "${key}", which is reserved: rename it`);
      continue;
    }
    const value = cleanValue(object[key], place, depth + 1, note);
    const name = cleanText(key, place, note);
    if (name !== key) delete object[key];
    // A cleaned name may itself have become a reserved one.
    if (!FORBIDDEN_KEYS.has(name)) object[name] = value;
  }
  return object;
}

function cleanNumber(value: number, at: string, note: Note): number | null {
  const size = Math.abs(value);
  if (size === 0 || (size >= SMALLEST_NUMBER && size < LARGEST_NUMBER)) return value;
  note(at, 'is a number of over 40 places, too many to be kept: round it or write it as a string');
  return null;
}

function cleanText(text: string, at: string, note: Note): string {
  if (!POISON.test(text)) return text;
  note(at, 'holds a NUL character or half of a surrogate pair: remove it');
  return text.replace(NUL, '').replace(LONE_SURROGATE, '\uFFFD');
}

function below(at: string, key: string): string {
  const shown = key.replace(NUL, '').replace(LONE_SURROGATE, '\uFFFD').slice(0, MAX_KEY_LENGTH);
  if (PLAIN_KEY.test(shown)) return at ? `${at}.${shown}` : shown;
  return `${at}[${JSON.stringify(shown)}]`;
}
