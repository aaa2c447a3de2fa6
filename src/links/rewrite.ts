import { type LinkAction } from '../domain/content';
import { escapeHtml } from '../templates/escape';
import { findHtmlLinks, type HtmlLinks, type Span } from './html-links';
import { HtmlTooComplex } from './parse-html';
import { findTextLinks } from './text-links';
import { addUtm, type Utm } from './utm';
import { isDangerous, webUrl } from './web-url';

export interface LinkBodies {
  readonly html?: string;
  readonly text: string;
  readonly actions: readonly LinkAction[];
}

export interface RewriteOptions {
  /** False: no link is replaced; UTM, the pixel and the refusal of dangerous links still apply. */
  readonly track: boolean;
  readonly utm?: Utm;
  /** Where Volley's own links live, without a slash at the end: links below it are left alone. */
  readonly base: string;
  /** The tracked form of a URL. Pure: the same URL gives the same link. */
  readonly linkFor: (url: string) => string;
  /** URL of the open pixel. Absent: none. */
  readonly pixel?: string;
  /** URL of this message's unsubscribe page: never tracked, wherever it stands. */
  readonly unsubscribe?: string;
}

export interface RewrittenBodies extends LinkBodies {
  /** What `linkFor` was asked, each URL once, UTM included; `n` counts from 0 in the order of html, text, actions. */
  readonly links: readonly { readonly n: number; readonly url: string }[];
  /** Set when the HTML was too large or too deep to be read: it went through untouched, the other bodies did not. */
  readonly htmlLeftAlone?: string;
}

/** What stands in a link's place; the same string where it stays. */
type Replace = (url: string) => string;

/**
 * Replaces the web links of a rendered message by tracked ones. Visible text of HTML never changes; mailto, tel,
 * anchors, relative links and links marked `data-volley-notrack` stay; `javascript:`, `data:` and `vbscript:` links lose
 * their URL. Never throws for what a body says.
 */
export function rewriteLinks(bodies: LinkBodies, options: RewriteOptions): RewrittenBodies {
  const page = bodies.html === undefined ? undefined : readHtml(bodies.html);
  const links = new Map<string, number>();
  const replace = replacer(options, new Set(page?.links?.untracked), links);
  const html = page?.links ? rewriteHtml(page.html, page.links, replace, options.pixel) : page?.html;
  return {
    ...(html === undefined ? {} : { html }),
    text: rewriteText(bodies.text, replace),
    actions: bodies.actions
      .filter(({ url }) => !isDangerous(url))
      .map((action) => ({ ...action, url: replaceWhole(action.url, replace) })),
    links: [...links].map(([url, n]) => ({ n, url })),
    ...(page?.leftAlone === undefined ? {} : { htmlLeftAlone: page.leftAlone }),
  };
}

interface Page {
  readonly html: string;
  readonly links?: HtmlLinks;
  readonly leftAlone?: string;
}

function readHtml(html: string): Page {
  try {
    return { html, links: findHtmlLinks(html) };
  } catch (error) {
    if (error instanceof HtmlTooComplex) return { html, leftAlone: error.message };
    throw error;
  }
}

function replacer(
  options: RewriteOptions,
  untracked: ReadonlySet<string>,
  links: Map<string, number>,
): Replace {
  const { base, track, unsubscribe, utm = {}, linkFor } = options;
  const isOurs = (url: string) => url === unsubscribe || url === base || url.startsWith(`${base}/`);
  const replaceOnce = (url: string) => {
    if (isOurs(url) || untracked.has(url)) return url;
    const target = addUtm(url, utm);
    // UTM can push a URL over the length that a redirect may have: then it goes out untracked.
    if (!track || webUrl(target) === undefined) return target;
    if (!links.has(target)) links.set(target, links.size);
    return linkFor(target);
  };
  // Most links stand in the HTML and in the text: each is signed once.
  const known = new Map<string, string>();
  return (url) => {
    const by = known.get(url) ?? replaceOnce(url);
    known.set(url, by);
    return by;
  };
}

function rewriteHtml(html: string, found: HtmlLinks, replace: Replace, pixel: string | undefined): string {
  const { links, refused, pixelAt } = found;
  const splices: Splice[] = refused.map(({ start, end, tag }) => ({ start, end, by: tag }));
  for (const { start, end, name, url } of links) {
    const by = replace(url);
    if (by !== url) splices.push({ start, end, by: `${name}="${escapeHtml(by)}"` });
  }
  if (pixel !== undefined && pixelAt !== undefined)
    splices.push({ start: pixelAt, end: pixelAt, by: pixelHtml(pixel) });
  return splice(html, splices);
}

/** No alternative text and no size to speak of: a reader or a screen reader never meets it. */
function pixelHtml(url: string): string {
  return `<img src="${escapeHtml(url)}" alt="" width="1" height="1" style="display:block;border:0">`;
}

function rewriteText(text: string, replace: Replace): string {
  return splice(
    text,
    findTextLinks(text).map(({ start, end, url }) => ({ start, end, by: replace(url) })),
  );
}

function replaceWhole(raw: string, replace: Replace): string {
  const url = webUrl(raw);
  return url === undefined ? raw : replace(url);
}

interface Splice extends Span {
  readonly by: string;
}

function splice(source: string, splices: readonly Splice[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, by } of splices.toSorted((a, b) => a.start - b.start)) {
    parts.push(source.slice(at, start), by);
    at = end;
  }
  return [...parts, source.slice(at)].join('');
}
