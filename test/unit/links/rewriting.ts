import { parse, type DefaultTreeAdapterTypes } from 'parse5';
import { rewriteLinks, type RewriteOptions, type RewrittenBodies } from '../../../src/links/rewrite';

export const BASE = 'https://t.example';
const LINK = /https:\/\/t\.example\/c\/([A-Za-z0-9_-]+)/g;

/** A tracked link that a test can read back. */
export function linkFor(url: string): string {
  return `${BASE}/c/${Buffer.from(url).toString('base64url')}`;
}

export function rewrite(
  bodies: { html?: string; text?: string; actions?: RewrittenBodies['actions'] },
  options: Partial<RewriteOptions> = {},
): RewrittenBodies {
  const { html, text = '', actions = [] } = bodies;
  return rewriteLinks(
    { ...(html === undefined ? {} : { html }), text, actions },
    { track: true, base: BASE, linkFor, ...options },
  );
}

export function rewriteHtml(html: string, options: Partial<RewriteOptions> = {}): string {
  return rewrite({ html }, options).html ?? '';
}

/** The URLs behind the tracked links of a body, in order. */
export function targets(body: string): string[] {
  return [...body.matchAll(LINK)].map((match) => Buffer.from(match[1] ?? '', 'base64url').toString());
}

/** Puts the targets back; `write` is how the body writes a URL. */
export function restore(body: string, write: (url: string) => string = (url) => url): string {
  return body.replace(LINK, (_, encoded: string) => write(Buffer.from(encoded, 'base64url').toString()));
}

/** All text of a document, in order, that of styles and comments included. */
export function textOf(html: string): string {
  const parts: string[] = [];
  const walk = (node: DefaultTreeAdapterTypes.Node) => {
    if ('value' in node) parts.push(node.value);
    if ('data' in node) parts.push(node.data);
    if ('content' in node) walk(node.content);
    if ('childNodes' in node) node.childNodes.forEach(walk);
  };
  walk(parse(html, { scriptingEnabled: false }));
  return parts.join('');
}
