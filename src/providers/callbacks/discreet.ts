const MAX_DETAIL_LENGTH = 200;
/** Only this much is looked at: a vendor's text may be of any length. */
const MAX_READ_LENGTH = 2_000;
/** What stands between words in a server's reply. Split by it, the search for addresses takes linear time. */
const SEPARATORS = /([\s<>"'(),;:[\]]+)/;
const URL_LIKE = /\b[a-z][a-z0-9+.-]{1,20}:\/\/\S*/gi;
/** Seven digits or more, with the punctuation of phone numbers; dots only after a plus: 550 5.7.26 is none. */
const NUMBER = /\+\d(?:[\s().-]{0,3}\d){6,}|\d(?:[\s()-]{0,3}\d){6,}/g;

/**
 * A vendor's text, fit to be stored and shown: one line, no e-mail address, URL or phone number, at most 200 characters.
 * undefined where nothing is left.
 */
export function discreet(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  const clean = text
    .slice(0, MAX_READ_LENGTH)
    .replace(/[\p{C}\s]+/gu, ' ')
    .replace(URL_LIKE, '[url]')
    .split(SEPARATORS)
    .map((word) => (word.includes('@') ? '[address]' : word))
    .join('')
    .replace(NUMBER, '[number]')
    .trim();
  // The cut may go through a character of two units, and Postgres takes no half of one.
  const short = clean.slice(0, MAX_DETAIL_LENGTH).replace(/\p{Surrogate}$/u, '');
  return clean === '' ? undefined : short.trim();
}
