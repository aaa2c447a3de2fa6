import { restore, rewrite, targets } from './rewriting';

function rewriteText(text: string): string {
  return rewrite({ text }).text;
}

describe('links in text', () => {
  it.each([
    ['See https://a.example.', 'https://a.example'],
    ['See https://a.example, then go', 'https://a.example'],
    ['Really https://a.example/p?q=1!?', 'https://a.example/p?q=1'],
    ['https://a.example/p; more', 'https://a.example/p'],
    ['Wait https://a.example/p...', 'https://a.example/p'],
    ['Wait https://a.example/p…', 'https://a.example/p'],
    ['(https://a.example/p)', 'https://a.example/p'],
    ['(see https://a.example/p).', 'https://a.example/p'],
    ['read this (https://a.example/wiki/A_(b))', 'https://a.example/wiki/A_(b)'],
    ['https://a.example/wiki/A_(b)', 'https://a.example/wiki/A_(b)'],
    ['https://a.example/wiki/A_(b).', 'https://a.example/wiki/A_(b)'],
    ['https://a.example/a(b)c(d', 'https://a.example/a(b)c(d'],
    ['[a](https://a.example/p)', 'https://a.example/p'],
    ['[https://a.example/p?a[0]=1]', 'https://a.example/p?a[0]=1'],
    ['<https://a.example/p>', 'https://a.example/p'],
    ['<a href="https://a.example/p">', 'https://a.example/p'],
    ["'https://a.example/p'", 'https://a.example/p'],
    ['“https://a.example/p”', 'https://a.example/p'],
    ['«https://a.example/p»', 'https://a.example/p'],
    ['*https://a.example/p*', 'https://a.example/p'],
    ['{https://a.example/p}', 'https://a.example/p'],
    ['a|https://a.example/p|b', 'https://a.example/p'],
    ['请访问https://a.example/p。谢谢', 'https://a.example/p'],
    ['（https://a.example/p）', 'https://a.example/p'],
    ['「https://a.example/p」', 'https://a.example/p'],
    ['https://a.example/路径/é?q=ü#ñ', 'https://a.example/路径/é?q=ü#ñ'],
    ['https://bücher.example/', 'https://bücher.example/'],
    ['https://a.example/🎉 party', 'https://a.example/🎉'],
    ['HTTPS://A.EXAMPLE/P', 'HTTPS://A.EXAMPLE/P'],
    ['http://localhost:8080/p', 'http://localhost:8080/p'],
    ['http://[2001:db8::1]/p', 'http://[2001:db8::1]/p'],
    ['https://a.example/-', 'https://a.example/-'],
    ['https://a.example/_a_', 'https://a.example/_a_'],
    ['https://a.example/~me/?a=b&c=d;e=f:g,h@i!j$k', 'https://a.example/~me/?a=b&c=d;e=f:g,h@i!j$k'],
    ['https://a.example/?u=https://b.example/', 'https://a.example/?u=https://b.example/'],
    ['URL:https://a.example/', 'https://a.example/'],
    ['line\r\nhttps://a.example/\r\nline', 'https://a.example/'],
    ['\u200bhttps://a.example/', 'https://a.example/'],
  ])('%j has %s', (text, url) => {
    const rewritten = rewriteText(text);
    expect(targets(rewritten)).toEqual([url]);
    expect(restore(rewritten)).toBe(text);
  });

  it('are each found, in order', () => {
    const text = 'https://a.example/1 https://a.example/2\nhttps://a.example/3,https://a.example/1';
    expect(targets(rewriteText(text))).toEqual([
      'https://a.example/1',
      'https://a.example/2',
      'https://a.example/3,https://a.example/1',
    ]);
    expect(targets(rewriteText('https://a.example/1\thttps://a.example/1'))).toHaveLength(2);
  });

  it.each([
    'nothing here',
    'a@b.example and mailto:a@b.example',
    'www.a.example and a.example/p',
    'https:// and https://) and http://?',
    'xhttps://a.example and git+https://a.example and view-source.https://a.example',
    'ftp://a.example/ javascript:alert(1) data:text/html,x',
    'https://a.example:99999/',
    'https://t.example/u/own-link',
    '',
  ])('are not seen in %j', (text) => {
    expect(rewrite({ text })).toMatchObject({ text, links: [] });
  });

  it('get UTM without tracking', () => {
    const { text, actions } = rewrite(
      { text: 'See https://a.example/p.', actions: [{ text: 'x', url: 'https://a.example/q#f' }] },
      { track: false, utm: { utm_source: 's' } },
    );
    expect(text).toBe('See https://a.example/p?utm_source=s.');
    expect(actions).toEqual([{ text: 'x', url: 'https://a.example/q?utm_source=s#f' }]);
  });
});

describe('links of actions', () => {
  it('are replaced whole, others kept', () => {
    const { actions } = rewrite({
      actions: [
        { text: 'a', url: ' https://a.example/p.' },
        { text: 'b', url: 'mailto:a@b.example' },
        { text: 'c', url: 'app://open' },
      ],
    });
    expect(targets(actions[0]?.url ?? '')).toEqual(['https://a.example/p.']);
    expect(actions.slice(1).map(({ url }) => url)).toEqual(['mailto:a@b.example', 'app://open']);
  });
});
