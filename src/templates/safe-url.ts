import { parseUrl } from '../domain/parse-url';

const LINK_SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:', 'tel:']);
const IMAGE_SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'cid:']);
const FILE_SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:']);

/**
 * Browsers drop tabs and line breaks inside a URL before they read its scheme, so these go first: what is checked is
 * what a reader's client will see.
 */
function withScheme(url: string, schemes: ReadonlySet<string>): string | undefined {
  // eslint-disable-next-line no-control-regex
  const bare = url.replace(/[\u0000-\u001f\u007f]/g, '').trim();
  if (!schemes.has(parseUrl(bare)?.protocol ?? '')) return undefined;
  return bare.replace(/[\s"'<>`\\]/g, (char) => encodeURIComponent(char).replace("'", '%27'));
}

/** The URL as it may be linked, or undefined: only absolute http, https, mailto and tel (security checklist 20). */
export function safeLink(url: string): string | undefined {
  return withScheme(url, LINK_SCHEMES);
}

/** The same for pictures: http, https, and `cid:` for attachments shown inside the e-mail. */
export function safeImage(url: string): string | undefined {
  return withScheme(url, IMAGE_SCHEMES);
}

/** The same for files offered as links where a channel carries no attachments. */
export function safeFile(url: string): string | undefined {
  return withScheme(url, FILE_SCHEMES);
}
