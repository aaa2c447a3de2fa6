import { isEmailAddress } from './email-address';

/**
 * Headers that a caller may set on an e-mail. Everything that says who sent it, to whom, or how it is encoded is ours;
 * Message-ID, In-Reply-To and References come from fields of their own.
 */
const ALLOWED = new Set([
  'auto-submitted',
  'comments',
  'feedback-id',
  'importance',
  'keywords',
  'list-help',
  'list-id',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'organization',
  'precedence',
  'priority',
  'reply-to',
  'sensitivity',
]);
/** `X-` headers are free, except those by which servers pass on trust or route, ours, and a vendor's that names recipients. */
const REFUSED_X =
  /^x-(originating|forwarded|envelope|original|real|received|sender|from|rcpt|resent|spam|virus|mailer|volley|smtpapi)(-|$)/;
const FREE_X = /^x-[a-z0-9-]{1,70}$/;
/** RFC 5322 2.1.1; nobody's header needs more than a line that long. */
const MAX_VALUE_LENGTH = 998;

/** True for a header name (any case) that may be asked for; others are kept with the message and not sent. */
export function isAllowedEmailHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return ALLOWED.has(lower) || (FREE_X.test(lower) && !REFUSED_X.test(lower));
}

/** False for text that would end its header, or that no line of mail may hold. */
export function isHeaderText(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return !/[\x00-\x08\x0a-\x1f\x7f]/.test(text);
}

/** A value that fits its header: one line, and for Reply-To one mailbox, with or without a plain name. */
export function isEmailHeaderValue(name: string, value: string): boolean {
  if (value.length > MAX_VALUE_LENGTH || !isHeaderText(value)) return false;
  if (name.toLowerCase() !== 'reply-to') return true;
  const [, inBrackets] = /^[^<>"@,;:\\()]{0,100}<([^<>]{1,254})>$/.exec(value.trim()) ?? [];
  return isEmailAddress(inBrackets ?? value.trim());
}
