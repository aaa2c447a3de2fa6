import { isAllowedEmailHeader } from '../providers/email-headers';
import { failure, type RenderFailure } from './render-contract';

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
    if (!isAllowedEmailHeader(key)) continue;
    if (typeof value !== 'string' || UNSAFE_VALUE.test(value) || value.length > MAX_VALUE_CHARS) {
      return failure('invalid_content', `Header ${name}: the value has control characters or is too long.`);
    }
    headers.set(key, [name, value.trim()]);
  }
  return { ok: true, headers: Object.fromEntries(headers.values()) };
}
