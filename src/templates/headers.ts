import { failure, type RenderFailure } from './render-contract';

/** E-mail headers that a caller may set, in lower case; beside these every `X-…` but our own and vendors' commands. */
export const HEADER_ALLOW: ReadonlySet<string> = new Set([
  'list-unsubscribe',
  'list-unsubscribe-post',
  'list-id',
  'list-help',
  'reply-to',
  'references',
  'in-reply-to',
  'precedence',
  'auto-submitted',
  'importance',
  'priority',
  'feedback-id',
]);

/** X-SMTPAPI is a command to the vendor that can name other recipients, which would go past the ledger. */
const EXTENSION = /^x-(?!volley-|smtpapi$)[a-z0-9-]{1,60}$/;

/** RFC 5322 folds at 998 octets; ten folded lines carry any honest References. */
const MAX_VALUE_CHARS = 9_980;

// eslint-disable-next-line no-control-regex
const UNSAFE_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]/;

export type HeaderResult = { readonly ok: true; readonly headers: Record<string, string> } | RenderFailure;

/**
 * The headers that will be sent. Names off the list are left out without a word (the docs list what is sent); a listed
 * one whose value could break out of its line fails the message, for sending it changed would be a guess.
 */
export function pickHeaders(asked: Readonly<Record<string, string>> | undefined): HeaderResult {
  const headers = new Map<string, readonly [string, string]>();
  for (const [name, value] of Object.entries(asked ?? {})) {
    const key = name.toLowerCase();
    if (!HEADER_ALLOW.has(key) && !EXTENSION.test(key)) continue;
    if (typeof value !== 'string' || UNSAFE_VALUE.test(value) || value.length > MAX_VALUE_CHARS) {
      return failure('invalid_content', `Header ${name}: the value has control characters or is too long.`);
    }
    headers.set(key, [name, value.trim()]);
  }
  return { ok: true, headers: Object.fromEntries(headers.values()) };
}
