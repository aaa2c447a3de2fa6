import { escapeHtml } from '../templates/escape';
import { parseHtml, type HtmlElement, type ParsedHtml } from './parse-html';
import { isDangerous, webUrl } from './web-url';

/** A piece of the source, in UTF-16 code units, `end` excluded. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The attribute of a link, and the name under which it is written back. */
export interface HtmlLink extends Span {
  readonly name: string;
  readonly url: string;
}

export interface HtmlLinks {
  readonly links: readonly HtmlLink[];
  /** URLs of links whose author wants them untouched. */
  readonly untracked: readonly string[];
  /** Tags with a dangerous URL, and the same tags without it. */
  readonly refused: readonly (Span & { readonly tag: string })[];
  /** Where a pixel changes nothing that is read; undefined when no such place is left. */
  readonly pixelAt: number | undefined;
}

const LINKING: ReadonlySet<string> = new Set(['a', 'area']);
/** The second is SVG's older name of the first. */
const URL_ATTRIBUTES = ['href', 'xlink:href'] as const;
/** On a link: leave its URL as it is, without tracking and without UTM. */
const NO_TRACK = 'data-volley-notrack';

/**
 * Where the links of an HTML body are. The body is read by a parser and changed by splicing, so comments, Outlook's
 * conditional comments, styles and even the author's mistakes stay as they are, byte for byte.
 * @throws HtmlTooComplex (see `parseHtml`).
 */
export function findHtmlLinks(html: string): HtmlLinks {
  const parsed = parseHtml(html);
  const found = {
    links: [] as HtmlLink[],
    untracked: [] as string[],
    refused: [] as HtmlLinks['refused'][number][],
  };
  for (const { element, tag } of linkTags(parsed)) {
    const urls = urlsOf(element);
    if (urls.some(({ value }) => isDangerous(value))) {
      found.refused.push({ ...tag, tag: withoutUrls(element, html.slice(tag.start, tag.end)) });
      continue;
    }
    const web = urls.flatMap(({ name, value, span }) => {
      const url = webUrl(value);
      return url === undefined ? [] : [{ ...span, name, url }];
    });
    if (element.attrs.some(({ name }) => name === NO_TRACK))
      found.untracked.push(...web.map(({ url }) => url));
    else found.links.push(...web);
  }
  return { ...found, pixelAt: pixelAt(parsed, html.length) };
}

/** Each tag once: formatting that crosses block elements is one tag in the source and several elements. */
function linkTags({ elements }: ParsedHtml): { element: HtmlElement; tag: Span }[] {
  const tags = new Map<number, { element: HtmlElement; tag: Span }>();
  for (const element of elements) {
    const at = element.sourceCodeLocation?.startTag;
    if (!at || !LINKING.has(element.tagName)) continue;
    tags.set(at.startOffset, { element, tag: { start: at.startOffset, end: at.endOffset } });
  }
  return [...tags.values()];
}

interface UrlAttribute {
  readonly name: string;
  readonly value: string;
  readonly span: Span;
}

function urlsOf(element: HtmlElement): UrlAttribute[] {
  const places = element.sourceCodeLocation?.attrs ?? {};
  return URL_ATTRIBUTES.flatMap((name) => {
    const place = places[name];
    const value = element.attrs.find((one) => fullName(one) === name)?.value;
    if (!place || value === undefined) return [];
    return [{ name, value, span: { start: place.startOffset, end: place.endOffset } }];
  });
}

function fullName({ prefix, name }: HtmlElement['attrs'][number]): string {
  return prefix ? `${prefix}:${name}` : name;
}

/** Written anew: taking only the attribute out would bring a second one of the same name to life. */
function withoutUrls(element: HtmlElement, source: string): string {
  const kept = element.attrs
    .filter((one) => !URL_ATTRIBUTES.some((name) => name === fullName(one)))
    .map((one) => ` ${fullName(one)}="${escapeHtml(one.value)}"`);
  return `<${element.tagName}${kept.join('')}${source.endsWith('/>') ? ' /' : ''}>`;
}

/** Before the end of the body, or at the end of a source that leaves that out. */
function pixelAt({ elements, endsInTheOpen }: ParsedHtml, length: number): number | undefined {
  const body = elements.find(({ tagName }) => tagName === 'body');
  if (!body) return undefined;
  return body.sourceCodeLocation?.endTag?.startOffset ?? (endsInTheOpen ? length : undefined);
}
