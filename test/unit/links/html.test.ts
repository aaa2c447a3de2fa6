import { restore, rewrite, rewriteHtml, targets, textOf } from './rewriting';

const A = 'https://a.example/';

describe('links in HTML', () => {
  it.each([
    ['double quotes', `<a href="${A}">x</a>`, [A]],
    ['single quotes', `<a href='${A}'>x</a>`, [A]],
    ['no quotes', `<a href=${A}x>x</a>`, [`${A}x`]],
    ['upper case', `<A HREF="${A}" CLASS=b>x</A>`, [A]],
    ['an upper-case scheme', '<a href="HTTPS://A.example/">x</a>', ['HTTPS://A.example/']],
    ['spaces and line breaks', `<a\n  class="b"\r\n  href =\n "${A}"\n>x</a>`, [A]],
    ['padding inside the value', `<a href="  ${A}\n ">x</a>`, [A]],
    ['entities', `<a href="${A}?a=1&amp;b=2&#38;c=&quot;3&copy=4">x</a>`, [`${A}?a=1&b=2&c="3&copy=4`]],
    ['an area', `<map><area shape="rect" href="${A}"></map>`, [A]],
    ['an upper-case area in XHTML style', `<AREA HREF="${A}" />`, [A]],
    ['links in a row', `<a href="${A}1">x</a><a href="${A}2">y</a>`, [`${A}1`, `${A}2`]],
    ['the same link twice', `<a href="${A}">x</a><a href="${A}">y</a>`, [A, A]],
    ['a picture in a link', `<a href="${A}"><img src="https://i.example/p.png" alt="p"></a>`, [A]],
    ['nested links', `<a href="${A}1">x<a href="${A}2">y</a></a>`, [`${A}1`, `${A}2`]],
    ['a link across blocks', `<p><a href="${A}">x<p>y</p><div>z</div></a>`, [A]],
    ['a link across table cells', `<table><tr><td><a href="${A}"><td>y</table>`, [A]],
    ['a link that is never closed', `<p><a href="${A}">x`, [A]],
    ['no tag but a link', `<a href="${A}">`, [A]],
    ['deep tables', `${'<table><tr><td>'.repeat(40)}<a href="${A}">x</a>`, [A]],
    ['a template', `<template><p><a href="${A}">x</a></p></template>`, [A]],
    ['noscript', `<noscript><a href="${A}">x</a></noscript>`, [A]],
    [
      'a link in SVG',
      `<svg><a xlink:href="${A}1"><text>x</text></a><a href="${A}2"/></svg>`,
      [`${A}1`, `${A}2`],
    ],
    ['a duplicate attribute, of which the first holds', `<a href="${A}1" href="${A}2">x</a>`, [`${A}1`]],
    ['an international domain', '<a href="https://bücher.example/é">x</a>', ['https://bücher.example/é']],
    ['text outside the BMP before it', `<p>🎉\r\n🎈\u0000</p><a href="${A}">x</a>`, [A]],
    ['greater-than in another attribute', `<a title="a > b" href="${A}">x</a>`, [A]],
    ['a link after the body', `<body>x</body></html><a href="${A}">y</a>`, [A]],
  ])('are replaced: %s', (_, html, expected) => {
    const rewritten = rewriteHtml(html);
    expect(targets(rewritten)).toEqual(expected);
    expect(textOf(rewritten)).toBe(textOf(html));
  });

  it.each([
    ['mailto', '<a href="mailto:a@b.example?subject=https://x.example">x</a>'],
    ['tel and sms', '<a href="tel:+123">x</a><a href="sms:+123">y</a>'],
    ['anchors', '<a href="#top">x</a><a name="top">y</a><a href>z</a><a href="">z</a>'],
    [
      'relative URLs',
      '<a href="/a">x</a><a href="b?c=https://x.example">y</a><a href="//host.example/">z</a>',
    ],
    ['what has no host', '<a href="https://">x</a><a href="http:///">y</a><a href="https://a b/">z</a>'],
    [
      'other elements',
      '<link href="https://x.example/s.css"><base href="https://x.example/"><img src="https://x.example/p">',
    ],
    ['comments', '<!-- <a href="https://x.example">x</a> --><!><!-->'],
    [
      'conditional comments',
      '<!--[if mso]><v:rect href="https://x.example"><a href="https://x.example">x</a><![endif]-->',
    ],
    ['styles', '<style>/* <a href="https://x.example"> */ @import url("https://x.example");</style>'],
    [
      'text that shows markup',
      '<textarea><a href="https://x.example"></textarea><title><a href="https://x.example"></title>',
    ],
    ['scripts', '<script>"<a href=\'https://x.example\'>"</script>'],
    ['URLs that are only shown', '<p>Go to https://x.example or &lt;a href="https://x.example"&gt;</p>'],
    ['a tag that is cut off', '<p>x</p><a href="https://x.example"'],
    [
      'links marked so',
      '<a href="https://x.example" data-volley-notrack>x</a><A HREF="https://x.example" DATA-VOLLEY-NOTRACK="">y</A>',
    ],
    ['links to Volley itself', '<a href="https://t.example/u/token">x</a><a href="https://t.example">y</a>'],
    ['URLs too long for a redirect', `<a href="https://x.example/${'a'.repeat(8_000)}">x</a>`],
    ['unfilled placeholders', '<a href="{{ url }}">x</a>'],
  ])('are left alone, byte for byte: %s', (_, html) => {
    expect(rewrite({ html })).toEqual({ html, text: '', actions: [], links: [] });
  });

  it('between two conditional comments are replaced, the comments kept', () => {
    const html = `<!--[if !mso]><!--><a href="${A}">x</a><!--<![endif]-->`;
    const rewritten = rewriteHtml(html);
    expect(targets(rewritten)).toEqual([A]);
    expect(restore(rewritten)).toBe(html);
  });

  it('leave the rest of the source as it was, mistakes included', () => {
    const html = `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN">\r\n<HTML><Body bgcolor=white><!-- c --><p>x<b><i>y</b></i>
<td>&nbsp &copy<a  CLASS='q' href="${A}?a=1&amp;b=2"   style="color:red">z</A></div><br/></Body>`;
    expect(restore(rewriteHtml(html), (url) => url.replaceAll('&', '&amp;'))).toBe(html);
  });

  it('cannot break out of their attribute', () => {
    const rewritten = rewriteHtml('<a href="https://a.example/">x</a>', {
      linkFor: () => 'https://t.example/"><script>&',
    });
    expect(rewritten).toBe('<a href="https://t.example/&quot;&gt;&lt;script&gt;&amp;">x</a>');
  });

  it('are listed once each, in order, with the text and the actions after them', () => {
    const { links } = rewrite({
      html: `<a href="${A}1">x</a><a href="${A}2">y</a><a href="${A}1">z</a>`,
      text: `${A}2 ${A}3`,
      actions: [{ text: 'go', url: `${A}4` }],
    });
    expect(links.map(({ n, url }) => [n, url])).toEqual([1, 2, 3, 4].map((n) => [n - 1, `${A}${n}`]));
  });

  it('that want no tracking get none in the text either', () => {
    const { text, links } = rewrite({ html: `<a data-volley-notrack href="${A}">x</a>`, text: `See ${A}.` });
    expect(text).toBe(`See ${A}.`);
    expect(links).toEqual([]);
  });

  it('to the unsubscribe page are never tracked', () => {
    const unsubscribe = 'https://other.example/u/token';
    const html = `<a href="${unsubscribe}">x</a>`;
    expect(rewrite({ html, text: unsubscribe }, { unsubscribe, utm: { utm_source: 's' } })).toMatchObject({
      html,
      text: unsubscribe,
      links: [],
    });
  });

  it('get UTM without tracking too, and are listed with it when tracked', () => {
    const html = `<a href="${A}?a=1&amp;b=2#f">x</a><a href="mailto:a@b.example">y</a>`;
    const utm = { utm_source: 's' };
    expect(rewriteHtml(html, { track: false, utm })).toBe(
      `<a href="${A}?a=1&amp;b=2&amp;utm_source=s#f">x</a><a href="mailto:a@b.example">y</a>`,
    );
    expect(rewrite({ html }, { utm }).links).toEqual([{ n: 0, url: `${A}?a=1&b=2&utm_source=s#f` }]);
  });
});
