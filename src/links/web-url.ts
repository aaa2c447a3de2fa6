import { parseUrl } from '../domain/parse-url';

/** Longer ones are left as they are: a redirect has to fit what browsers and proxies take as one header. */
const MAX_URL_CHARS = 8_000;

const WEB: ReadonlySet<string> = new Set(['http:', 'https:']);
/** What a link must never run or show in place of a page (security checklist 20 and 21). */
const DANGEROUS: ReadonlySet<string> = new Set(['javascript:', 'data:', 'vbscript:']);

/** What a browser reads: it drops control characters around a URL, and tabs and line breaks inside it. */
function asRead(raw: string): string {
  // eslint-disable-next-line no-control-regex
  return raw.replace(/^[\u0000-\u0020]+|[\u0000-\u0020]+$|[\t\n\r]/g, '');
}

function schemeOf(url: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0].toLowerCase();
}

/** An absolute http or https URL as its author wrote it, without what browsers drop; undefined for all others. */
export function webUrl(raw: string): string | undefined {
  const url = asRead(raw);
  if (url.length > MAX_URL_CHARS || !WEB.has(schemeOf(url) ?? '')) return undefined;
  return parseUrl(url) && url;
}

/** True for `javascript:`, `data:` and `vbscript:`, however they are disguised by case or control characters. */
export function isDangerous(raw: string): boolean {
  // eslint-disable-next-line no-control-regex
  return DANGEROUS.has(schemeOf(raw.replace(/[\u0000-\u0020\u007f]/g, '')) ?? '');
}

/**
 * The URL as it may stand in a Location header: absolute, ASCII, http or https, so that no browser reads it as a path
 * of ours or as another scheme. Undefined for anything else, whatever the ledger says.
 */
export function redirectLocation(url: string): string | undefined {
  const web = webUrl(url);
  return web === undefined ? undefined : new URL(web).href;
}
