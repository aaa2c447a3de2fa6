import { parseUrl } from '../../domain/parse-url';
import { createHmac } from 'node:crypto';
import { sameText } from './freshness';

/**
 * X-Twilio-Signature: base64 of HMAC-SHA1, keyed with the auth token, over the full URL and then every parameter of the
 * form, name and value, sorted by name. A repeated parameter gives each of its distinct values, sorted.
 */
export function twilioSignature(url: string, form: URLSearchParams, authToken: string): string {
  return createHmac('sha1', authToken).update(signedText(url, form)).digest('base64');
}

/** Compares in constant time. Twilio signs some URLs with the scheme's own port in it, some without: both are tried. */
export function isSignedByTwilio(
  signature: string,
  url: string,
  form: URLSearchParams,
  authToken: string,
): boolean {
  const candidates = portVariants(url).map((one) =>
    sameText(signature, twilioSignature(one, form, authToken)),
  );
  return candidates.includes(true);
}

/** Has no separators between URL, names and values: see `hasFolded`. */
function signedText(url: string, form: URLSearchParams): string {
  // One pass: this is read before anything is proved, and a look-up scans all of a form.
  const values = new Map<string, Set<string>>();
  for (const [name, value] of form) values.set(name, (values.get(name) ?? new Set()).add(value));
  const signed = [...values].sort(([a], [b]) => (a < b ? -1 : 1));
  return url + signed.flatMap(([name, all]) => [...all].sort().map((value) => name + value)).join('');
}

/**
 * True when one of `names` stands in the signed text and is no parameter: with no separators, a signed `ErrorCode` could
 * be moved into the value before it without touching the signature.
 */
export function hasFolded(names: readonly string[], url: string, form: URLSearchParams): boolean {
  const text = signedText(url, form);
  return names.some((name) => !form.has(name) && text.includes(name));
}

function portVariants(text: string): readonly string[] {
  if (!parseUrl(text)) return [text];
  const { protocol, hostname, port } = new URL(text);
  const [, before = '', after = ''] = /^([a-z]+:\/\/[^/?#]*?)(?::\d+)?((?:[/?#].*)?)$/i.exec(text) ?? [];
  if (hostname === '' || before === '') return [text];
  const ownPort = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  return [...new Set([text, `${before}${after}`, `${before}:${ownPort}${after}`])];
}
