import { compile } from 'html-to-text';

/** What is read of a body; the rest of a longer one is left out of its plain text. */
const MAX_HTML_CHARS = 1_000_000;

/**
 * HTML as plain text: links with their URL, pictures by their alt text alone (tracking pixels have none). Takes
 * seconds on hostile markup (deep nesting is quadratic in the parser), so it runs in the killable thread.
 */
export const htmlToPlain: (html: string) => string = compile({
  wordwrap: false,
  formatters: {
    altOnly: (element, _walk, builder) => {
      builder.addInline((element.attribs as Record<string, string> | undefined)?.['alt'] ?? '');
    },
  },
  selectors: [
    { selector: 'img', format: 'altOnly' },
    {
      selector: 'a',
      options: { hideLinkHrefIfSameAsText: true, ignoreHref: false, linkBrackets: ['(', ')'] },
    },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
  ],
  limits: { maxInputLength: MAX_HTML_CHARS, maxDepth: 64, ellipsis: '…' },
});
