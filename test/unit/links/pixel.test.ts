import { parse, type DefaultTreeAdapterTypes } from 'parse5';
import { rewriteHtml, textOf } from './rewriting';

const PIXEL = 'https://t.example/o/token?a=1&b=2';
const IMG =
  '<img src="https://t.example/o/token?a=1&amp;b=2" alt="" width="1" height="1" style="display:block;border:0">';

function pixels(html: string): number {
  let count = 0;
  const walk = (node: DefaultTreeAdapterTypes.Node) => {
    if ('tagName' in node && node.tagName === 'img')
      count += node.attrs.some(({ name, value }) => name === 'src' && value === PIXEL) ? 1 : 0;
    if ('childNodes' in node) node.childNodes.forEach(walk);
  };
  walk(parse(html, { scriptingEnabled: false }));
  return count;
}

describe('the open pixel', () => {
  it.each([
    ['before the end of the body', '<html><body><p>x</p>|</body></html>'],
    ['in upper case too', '<HTML><BODY><P>x</P>|</BODY\n></HTML>'],
    ['at the end of a fragment', '<p>x</p>|'],
    ['at the end of an open list', '<ul><li>x|'],
    ['not before a body that a comment ends', '<body><!-- </body> --><p>x</p>|</body>'],
    [
      'at the end where the body has no tag of its own',
      '<style>a:after{content:"</body>"}</style><p>x</p></body>|',
    ],
    ['at the end where a table is never closed', '<body><table><tr><td>x</body>|'],
  ])('stands %s', (_, marked) => {
    const html = marked.replace('|', '');
    expect(rewriteHtml(html, { pixel: PIXEL })).toBe(marked.replace('|', IMG));
    expect(pixels(rewriteHtml(html, { pixel: PIXEL }))).toBe(1);
  });

  it.each([
    ['a comment', '<p>x</p><!-- never closed'],
    ['a tag', '<p>x</p><a title="never closed'],
    ['a style', '<p>x</p><style>a{'],
    ['a text area', '<p>x</p><textarea>'],
    ['a title', '<title>x'],
    ['plain text', '<p>x</p><plaintext>'],
    ['a frame set', '<frameset><frame src="https://x.example"></frameset>'],
  ])('is left out where the source ends inside %s, for it would be read or lost', (_, html) => {
    expect(rewriteHtml(html, { pixel: PIXEL })).toBe(html);
  });

  it('is left out where none is asked for', () => {
    expect(rewriteHtml('<body>x</body>')).toBe('<body>x</body>');
  });

  it('changes no text', () => {
    const html = '<body><table><tr><td>a<select><option>b<p>c</body>d';
    expect(textOf(rewriteHtml(html, { pixel: PIXEL }))).toBe(textOf(html));
  });
});
