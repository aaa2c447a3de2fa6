import fc from 'fast-check';
import { restore, rewrite, rewriteHtml, targets, textOf } from './rewriting';

const escapeAttribute = (url: string) => url.replaceAll('&', '&amp;');
const url = fc.webUrl({ withQueryParameters: true, withFragments: true, validSchemes: ['http', 'https'] });
/** No slash and no bracket of markup, so that no URL and no tag comes out of it by chance. */
const words = fc
  .string({ unit: 'binary', maxLength: 30 })
  .map((text) => text.replace(/[\p{Surrogate}\r/<>&:]/gu, ' '));

interface Node {
  readonly html: string;
  readonly urls: readonly string[];
}

const link = fc.tuple(url, words, fc.constantFrom('a', 'A')).map(([to, text, tag]): Node => {
  return { html: `<${tag} class=x href="${escapeAttribute(to)}">${text}</${tag}>`, urls: [to] };
});
const inert = fc
  .constantFrom(
    '<!-- <a href="https://c.example/">x</a> -->',
    '<!--[if mso]><a href="https://c.example/">x</a><![endif]-->',
    '<style>a{background:url(https://c.example/)}</style>',
    '<a href="mailto:a@b.example">x</a>',
    '<a href="#x">x</a>',
    '<img src="https://c.example/p.png">',
    '<br>',
    '</p>',
    '</div>',
    '<b><i>x</b></i>',
    '<td>',
    '&nbsp;&copy;&amp;lt;',
  )
  .map((html): Node => ({ html, urls: [] }));

const { node } = fc.letrec<{ node: Node; parent: Node }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    link,
    inert,
    words.map((html): Node => ({ html, urls: [] })),
    tie('parent'),
  ),
  parent: fc
    .tuple(
      fc.constantFrom('p', 'div', 'table', 'td', 'ul', 'li', 'b', 'template', 'center'),
      fc.array(tie('node'), { maxLength: 5 }),
    )
    .map(([tag, children]): Node => ({
      html: `<${tag}>${children.map(({ html }) => html).join('')}</${tag}>`,
      urls: children.flatMap(({ urls }) => urls),
    })),
}));

describe('rewriting any HTML', () => {
  it('replaces each web link exactly once, in its place, and restoring gives the source back', () => {
    fc.assert(
      fc.property(fc.array(node, { maxLength: 8 }), (nodes) => {
        const html = nodes.map((one) => one.html).join('');
        const rewritten = rewriteHtml(html);
        expect(targets(rewritten)).toEqual(nodes.flatMap(({ urls }) => urls));
        expect(restore(rewritten, escapeAttribute)).toBe(html);
      }),
      { numRuns: 300 },
    );
  });

  it('never changes its text, pixel included, not even of rubbish', () => {
    const rubbish = fc
      .array(
        fc.constantFrom(
          '<',
          '>',
          '"',
          "'",
          '=',
          '/',
          '!--',
          '-->',
          'a',
          ' href',
          'https://a.example/',
          'body',
          'svg',
          'math',
          'style',
          'table',
          'select',
          'textarea',
          'template',
          ' ',
          '\r\n',
          '\u0000',
          '&',
          'p',
          ']]>',
          '[CDATA[',
        ),
        { maxLength: 60 },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(rubbish, (html) => {
        const rewritten = rewriteHtml(html, { pixel: 'https://t.example/o/x', utm: { utm_source: 's' } });
        expect(textOf(rewritten)).toBe(textOf(html));
      }),
      { numRuns: 2_000 },
    );
  });

  it('finds nothing more to do the second time', () => {
    fc.assert(
      fc.property(fc.array(node, { maxLength: 5 }), (nodes) => {
        const once = rewriteHtml(nodes.map(({ html }) => html).join(''));
        expect(rewriteHtml(once)).toBe(once);
      }),
    );
  });
});

describe('rewriting any text', () => {
  it('replaces each URL between words exactly once, and restoring gives the text back', () => {
    const plain = url.map((one) => one.replace(/[.,:;!?'*()]+$/, ''));
    fc.assert(
      fc.property(fc.array(fc.tuple(words, plain), { maxLength: 6 }), (pairs) => {
        const text = pairs.map(([before, to]) => `${before} ${to} `).join('');
        const rewritten = rewrite({ text }).text;
        expect(targets(rewritten)).toEqual(pairs.map(([, to]) => to));
        expect(restore(rewritten)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });
});
