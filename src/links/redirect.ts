import { decodeClick, decodeOpen } from './payloads';
import { isShortId, shortDomain } from './short-links';
import { tokenInPath, type Tokens } from './tokens';
import { isClick, isOpening, type Visit } from './visits';
import { redirectLocation } from './web-url';

type Headers = Readonly<Record<string, string>>;

/** `url` is what was linked, for the event; `counts` says whether a person did it. */
export type ClickAnswer =
  | {
      readonly status: 302;
      readonly location: string;
      readonly headers: Headers;
      readonly messageId: string;
      readonly url: string;
      readonly counts: boolean;
    }
  | { readonly status: 404; readonly headers: Headers };

export type PixelAnswer = { readonly headers: Headers; readonly body: Buffer } & (
  { readonly status: 200; readonly messageId: string; readonly counts: boolean } | { readonly status: 404 }
);

/** What the ledger knows. Both are asked only for tokens that this installation signed, or ids of the right form. */
export interface LinkStore {
  /** The URL with this id in the workspace of the message; undefined once either is gone. */
  link(messageId: string, linkId: Buffer): Promise<string | undefined>;
  shortLink(
    domain: string,
    id: string,
  ): Promise<{ readonly messageId: string; readonly url: string } | undefined>;
}

export interface Redirects {
  readonly resolveClick: (token: string, visit: Visit) => Promise<ClickAnswer>;
  /** @param host the Host header: a link of one domain does not work on another. */
  readonly resolveShort: (host: string, id: string, visit: Visit) => Promise<ClickAnswer>;
  readonly openPixel: (token: string, visit: Visit) => PixelAnswer;
}

/** Each click has to come here, and neither the page nor a search engine gets to see the token. */
const HEADERS: Headers = {
  'Cache-Control': 'no-store, max-age=0',
  'Referrer-Policy': 'no-referrer',
  'X-Robots-Tag': 'noindex, nofollow',
};

/** The smallest transparent GIF: 1 x 1, 43 bytes. */
const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
const GIF_HEADERS: Headers = {
  ...HEADERS,
  'Content-Type': 'image/gif',
  'Content-Length': String(GIF.length),
};

/**
 * Answers for Volley's own links. There is no open redirect: where a click leads stands in the ledger, never in the
 * request, and the request is believed only with our signature or an id that cannot be guessed. Whatever is refused is
 * a 404 that does not say why.
 */
export function createRedirects(tokens: Tokens, store: LinkStore): Redirects {
  return {
    async resolveClick(token, visit) {
      const payload = tokens.verify('click', tokenInPath(token));
      const click = payload && decodeClick(payload);
      if (!click) return NOT_FOUND;
      const url = await store.link(click.messageId, click.linkId);
      return url === undefined ? NOT_FOUND : redirect(click.messageId, url, visit);
    },
    async resolveShort(host, id, visit) {
      const bare = tokenInPath(id);
      const link = isShortId(bare) ? await store.shortLink(shortDomain(host), bare) : undefined;
      return link ? redirect(link.messageId, link.url, visit) : NOT_FOUND;
    },
    openPixel(token, visit) {
      const payload = tokens.verify('open', token);
      const messageId = payload && decodeOpen(payload);
      const answer = { headers: GIF_HEADERS, body: GIF };
      if (messageId === undefined) return { ...answer, status: 404 };
      return { ...answer, status: 200, messageId, counts: isOpening(visit) };
    },
  };
}

const NOT_FOUND: ClickAnswer = { status: 404, headers: HEADERS };

/** Checked once more: a ledger that was written by other hands still redirects to web pages only. */
function redirect(messageId: string, url: string, visit: Visit): ClickAnswer {
  const location = redirectLocation(url);
  if (location === undefined) return NOT_FOUND;
  return { status: 302, location, headers: HEADERS, messageId, url, counts: isClick(visit) };
}
