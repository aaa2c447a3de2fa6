import { type BrandContent } from '../domain/content';
import { imageHtml } from './blocks';
import { escapeHtml } from './escape';
import { safeImage, safeLink } from './safe-url';

/** The brand's frame around every e-mail body, rendered. */
export interface Frame {
  readonly header: string;
  readonly footer: string;
}

/** A brand without a header of its own still shows its logo. */
export function logoHeader({ name, logo }: BrandContent): string {
  const url = logo && safeImage(logo.url);
  return url ? imageHtml(url, name, logo.href === undefined ? undefined : safeLink(logo.href)) : '';
}

/** Puts `before` and `after` inside the body of an HTML document, or around a fragment. */
export function insertAround(html: string, before: string, after: string): string {
  const open = /<body[\s>]/i.exec(html);
  const start = open ? html.indexOf('>', open.index) + 1 : 0;
  const close = [...html.matchAll(/<\/body[\s>]/gi)].at(-1);
  const end = close && close.index >= start ? close.index : html.length;
  return [html.slice(0, start), before, html.slice(start, end), after, html.slice(end)]
    .filter(Boolean)
    .join('');
}

/**
 * A complete document around generated markup: language and title for screen readers, a readable measure, the reader's
 * own light or dark colours, and links in the brand's primary colour.
 */
export function emailDocument(
  inner: string,
  title: string,
  locale: string | undefined,
  brand?: BrandContent,
): string {
  const primary = brand?.colors?.['primary'] ?? '';
  const colour = /^(?:#[0-9a-f]{3,8}|[a-z]{3,20})$/i.test(primary)
    ? `<style>a{color:${primary}}</style>`
    : '';
  const lang = locale ? ` lang="${escapeHtml(locale.replaceAll('_', '-'))}"` : '';
  return [
    `<!doctype html>\n<html${lang}><head><meta charset="utf-8">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escapeHtml(title)}</title>${colour}</head>`,
    '<body style="margin:0 auto;padding:24px;max-width:600px;font-family:sans-serif;line-height:1.5">',
    `${inner}\n</body></html>`,
  ].join('\n');
}
