import { parse, type DefaultTreeAdapterTypes } from 'parse5';
import { rewrite, rewriteHtml, textOf } from './rewriting';

const DANGEROUS = [
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  ' \n javascript:alert(1)',
  '\u0001javascript:alert(1)',
  'java\tscript:alert(1)',
  'java&#10;script:alert(1)',
  'java&Tab;script&colon;alert(1)',
  '&#106;avascript:alert(1)',
  '&#x6A&#x61vascript:alert(1)',
  'javascript://a.example/%0aalert(1)',
  'vbscript:msgbox(1)',
  'data:text/html,<script>alert(1)</script>',
  'DATA:text/html;base64,PHNjcmlwdD4=',
  'data:image/png;base64,AAAA',
];

function hrefs(html: string): string[] {
  const found: string[] = [];
  const walk = (node: DefaultTreeAdapterTypes.Node) => {
    if ('attrs' in node)
      found.push(...node.attrs.filter(({ name }) => name === 'href').map(({ value }) => value));
    if ('childNodes' in node) node.childNodes.forEach(walk);
  };
  walk(parse(html));
  return found;
}

describe('dangerous links', () => {
  it.each(DANGEROUS)('lose their URL and keep their text: %s', (url) => {
    for (const html of [
      `<p><a class="b" href="${url}" title='a "b" &amp; c'>read <b>this</b></a></p>`,
      `<p><a data-volley-notrack href="${url}">x</a></p>`,
      `<map><area href="${url}" alt="x"></map>`,
      `<svg><a xlink:href="${url}" href="${url}"><text>x</text></a></svg>`,
    ]) {
      for (const track of [true, false]) {
        const rewritten = rewriteHtml(html, { track });
        expect(hrefs(rewritten)).toEqual([]);
        expect(textOf(rewritten)).toBe(textOf(html));
      }
    }
  });

  it('do not come to life when the one before them goes', () => {
    const html = '<a href="javascript:1" title="t" HREF="javascript:2" href="https://a.example">x</a>';
    expect(rewriteHtml(html)).toBe('<a title="t">x</a>');
  });

  it('keep the other attributes of their tag', () => {
    const html = `<a href="data:,x" title='a "b" &lt; c' download>x</a>`;
    expect(rewriteHtml(html)).toBe('<a title="a &quot;b&quot; &lt; c" download="">x</a>');
  });

  it('are dropped from the actions', () => {
    const good = { text: 'call', url: 'tel:+123' };
    const { actions } = rewrite({ actions: [{ text: 'x', url: 'java\nscript:alert(1)' }, good] });
    expect(actions).toEqual([good]);
  });

  it('are not what only resembles them', () => {
    const html = '<a href="/javascript:x">a</a><a href="#data:x">b</a><a href="database:x">c</a>';
    expect(rewriteHtml(html)).toBe(html);
  });
});
