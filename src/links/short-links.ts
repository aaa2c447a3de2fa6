import { uuidBytes } from './payloads';
import { type Tokens } from './tokens';

/** A row of `short_links`: one URL in one message, on one domain. */
export interface ShortLink {
  readonly domain: string;
  readonly id: string;
  readonly messageId: string;
  readonly url: string;
}

export interface ShortLinks {
  /** The short form of a URL, for `rewriteLinks`. */
  linkFor(url: string): string;
  /** The row to keep before the message is sent, for each URL that `rewriteLinks` reported. */
  rowFor(url: string): ShortLink;
}

/** Without 0, O, I and l, which people confuse when they type a link from paper; and nothing that could end a link. */
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
/**
 * 70 bits: with a hundred million links alive, a guess finds one in 10^13 tries, and two of them share an id with a
 * chance of some 4 in a million (the table's key then refuses the second).
 */
const ID_CHARS = 12;
const ID = new RegExp(`^[${ALPHABET}]{${ID_CHARS}}$`);

/** True for what may be an id: anything else is not worth a look-up. */
export function isShortId(text: string): boolean {
  return ID.test(text);
}

/** Host names compare in lower case; a port stays, for tests and for an installation on one machine. */
export function shortDomain(host: string): string {
  return host.trim().toLowerCase().replace(/\.$/, '');
}

/**
 * Short links of one message. An id is a keyed hash of domain, message and URL: nobody can foretell or enumerate it, and
 * a retry that writes the message again gets the same one, so no row is left without a message.
 * @param origin `https://go.example.com`, without a slash at the end.
 */
export function createShortLinks(tokens: Tokens, origin: string, messageId: string): ShortLinks {
  const domain = shortDomain(new URL(origin).host);
  const message = uuidBytes(messageId);
  const idOf = (url: string) => {
    const named = Buffer.concat([message, Buffer.from(`${domain}\n${url}`, 'utf8')]);
    return inAlphabet(tokens.fingerprint('short', named));
  };
  return {
    linkFor: (url) => `${origin}/${idOf(url)}`,
    rowFor: (url) => ({ domain, id: idOf(url), messageId, url }),
  };
}

/** The remainder of 256 bits, so no digit is likelier than another by more than 2^-180. */
function inAlphabet(bytes: Buffer): string {
  const base = BigInt(ALPHABET.length);
  let rest = BigInt(`0x${bytes.toString('hex')}`);
  let id = '';
  while (id.length < ID_CHARS) {
    id += ALPHABET[Number(rest % base)] ?? '';
    rest /= base;
  }
  return id;
}
