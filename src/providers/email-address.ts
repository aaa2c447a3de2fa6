import { domainToASCII, domainToUnicode } from 'node:url';

/** RFC 5321 4.5.3.1: octets, not characters. */
const MAX_ADDRESS_BYTES = 254;
const MAX_LOCAL_BYTES = 64;
const MAX_LABEL_BYTES = 63;

/**
 * A dot-atom of RFC 5322, Unicode letters added (RFC 6531), without three things that it would allow: `%` and `!`, which
 * old relays read as a route to somewhere else, and quoted local parts, out of which parsers have made other recipients.
 */
const LOCAL = /^[\p{L}\p{N}\p{M}#$&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}\p{M}#$&'*+/=?^_`{|}~-]+)*$/u;
const DOMAIN_CHARACTERS = /^[\p{L}\p{N}\p{M}.-]+$/u;
const LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
/** A last label with a letter in it, which no IP address has. */
const TOP_LEVEL = /^(?=.*[a-z])[a-z0-9-]{2,}$/;

/**
 * True for one bare mailbox, `local@domain.tld`: no display name, list, comment, quoting, route or IP literal. Says
 * nothing of whether it exists. International domains pass, unless they are written so that two parsers could read
 * them in two ways. Takes linear time on any input.
 */
export function isEmailAddress(text: string): boolean {
  return asciiDomainOf(text) !== undefined;
}

/** The same mailbox with its domain in ASCII, as DNS knows it; undefined where `isEmailAddress` says no. */
export function toAsciiAddress(text: string): string | undefined {
  const domain = asciiDomainOf(text);
  return domain === undefined ? undefined : `${text.slice(0, text.lastIndexOf('@'))}@${domain}`;
}

/**
 * The channel's identities are whole addresses or `@domain`; compared without regard to case, as mail servers do in
 * practice. An identity of a domain does not cover its subdomains.
 */
export function isIdentity(address: string, identities: readonly string[]): boolean {
  const wanted = toAsciiAddress(address)?.toLowerCase();
  if (wanted === undefined) return false;
  return identities.some((identity) => {
    if (!identity.startsWith('@')) return toAsciiAddress(identity)?.toLowerCase() === wanted;
    return wanted.slice(wanted.lastIndexOf('@') + 1) === asciiDomain(identity.slice(1));
  });
}

/** True for what may stand in a channel's `identities`. */
export function isIdentityPattern(text: string): boolean {
  return text.startsWith('@') ? asciiDomain(text.slice(1)) !== undefined : isEmailAddress(text);
}

function asciiDomainOf(text: string): string | undefined {
  // Length first: nothing below ever sees more than a line.
  if (text.length > MAX_ADDRESS_BYTES || Buffer.byteLength(text) > MAX_ADDRESS_BYTES) return undefined;
  const at = text.lastIndexOf('@');
  const local = text.slice(0, Math.max(at, 0));
  // An encoded-word means another text to whoever decodes it.
  if (local.includes('=?')) return undefined;
  if (!LOCAL.test(local) || Buffer.byteLength(local) > MAX_LOCAL_BYTES) return undefined;
  return asciiDomain(text.slice(at + 1));
}

function asciiDomain(domain: string): string | undefined {
  if (!DOMAIN_CHARACTERS.test(domain)) return undefined;
  const ascii = domainToASCII(domain);
  const lower = domain.normalize('NFC').toLowerCase();
  // Characters that IDNA maps to others (full-width letters, ligatures) are refused: what is shown is what is dialled.
  if (ascii !== lower && domainToUnicode(ascii) !== lower) return undefined;
  const labels = ascii.split('.');
  const valid = labels.every((label) => label.length <= MAX_LABEL_BYTES && LABEL.test(label));
  return valid && labels.length > 1 && TOP_LEVEL.test(labels.at(-1) ?? '') ? ascii : undefined;
}
