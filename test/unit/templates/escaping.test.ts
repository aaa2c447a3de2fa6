import { createRenderer } from '../../../src/templates/render';
import { inline, renderedBy, templateOf } from './rendering';

const renderer = createRenderer();
afterAll(() => renderer.close());

const evil = `<img src=x onerror="a('b')">&`;
const escaped = '&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt;&amp;';

describe.each([
  ['inline content', (strings: object) => inline(strings)],
  ['a template', (strings: object) => templateOf(strings)],
])('in %s a variable', (_name, wrap) => {
  it('is escaped in HTML, and not in text and title', async () => {
    const { html, text, title } = await renderedBy(renderer, {
      data: { evil },
      ...wrap({ html: '<p>{{ evil }}</p>', text: '{{ evil }}', title: '{{ evil }}' }),
    });
    expect({ html, text, title }).toEqual({ html: `<p>${escaped}</p>`, text: evil, title: evil });
  });

  it('cannot add a header through the title', async () => {
    const { title } = await renderedBy(renderer, {
      data: { x: 'a\r\nBcc: b@x.test\u0000\u2028c' },
      ...wrap({ title: '{{ x }}', text: 'a' }),
    });
    expect(title).toBe('a Bcc: b@x.test c');
  });

  it('is one part of a URL, unless it opens the URL', async () => {
    const { actions } = await renderedBy(renderer, {
      data: { q: 'a b&admin=1/../é', base: 'https://y.test/p?x=1 2', half: '\ud800' },
      ...wrap({
        text: 'a',
        actions: [
          { text: 'part', url: 'https://x.test/?q={{ q }}{{ half }}' },
          { text: 'whole', url: '{{ base }}&q={{ q }}' },
        ],
      }),
    });
    expect(actions.map((one) => one.url)).toEqual([
      'https://x.test/?q=a%20b%26admin%3D1%2F..%2F%C3%A9%EF%BF%BD',
      'https://y.test/p?x=1%202&q=a%20b%26admin%3D1%2F..%2F%C3%A9',
    ]);
  });

  it.each([
    'javascript:alert(1)',
    ' JaVaScRiPt:alert(1)',
    'java\nscript:alert(1)',
    '\u0001javascript:a',
    'data:text/html,a',
    'vbscript:a',
    '//x.test',
    '/path',
    'text',
    '',
  ])('cannot open a link as %j: the words stay, the link goes', async (url) => {
    const { html, text, actions } = await renderedBy(renderer, {
      data: { url },
      ...wrap({ text: 'a', actions: [{ text: 'Click', url: '{{ url }}' }] }),
    });
    expect(actions).toEqual([]);
    expect(text).toBe('a\nClick');
    expect(html).toContain('<p>Click</p>');
    expect(html).not.toContain('href');
  });
});

describe("an action's URL in a template", () => {
  const data = { nl: true, base: 'https://x.test/p?x=1 2', q: 'a b&admin=1', evil: 'javascript:a' };
  const begin = 'https://x.test/p?x=1%202';
  const part = 'a%20b%26admin%3D1';

  async function urlOf(url: string): Promise<string | undefined> {
    const given = templateOf({ text: 'a', actions: [{ text: 'b', url }] });
    return (await renderedBy(renderer, { data, ...given })).actions[0]?.url;
  }

  it.each([
    ['{% if nl %}{{ base }}{% else %}{{ other }}{% endif %}', begin],
    ['{% if nl %}\n  {{ base }}\n{% endif %}&q={{ q }}', `${begin}&q=${part}`],
    ['{% assign u = base | append: "/y" %}{{ u }}', `${begin}/y`],
    ['{{ absent }}{{ base }}', begin],
    ['{% capture u %}{{ base }}/y{% endcapture %}{{ u }}', `${begin}/y`],
    ['{% echo base %}', begin],
    ['{% cycle base, q %}', begin],
  ])('may come whole from the value that opens it, behind a tag too: %s', async (source, expected) => {
    expect(await urlOf(source)).toBe(expected);
  });

  it.each([
    ['{% if nl %}https://x.test/?q={{ q }}{% endif %}', `https://x.test/?q=${part}`],
    ['{% assign p = q %}https://x.test/?q={{ p }}', `https://x.test/?q=${part}`],
    ['{% capture p %}{{ q }}{% endcapture %}https://x.test/?q={{ p }}', `https://x.test/?q=${part}`],
    ['{{ base }}{% for i in (1..2) %}&q={{ q }}{% endfor %}', `${begin}&q=${part}&q=${part}`],
    ['https://x.test/?q={% echo q %}&r={% cycle q, base %}', `https://x.test/?q=${part}&r=${part}`],
  ])('takes a value further in as one part, encoded once, behind a tag too: %s', async (source, expected) => {
    expect(await urlOf(source)).toBe(expected);
  });

  it('is no way round the schemes that are allowed', async () => {
    expect(await urlOf('{% if nl %}{{ evil }}{% endif %}')).toBeUndefined();
    expect(await urlOf('{% capture u %}{{ evil }}{% endcapture %}{{ u | raw }}')).toBeUndefined();
  });
});

describe('links that are allowed', () => {
  it.each(['https://x.test/a', 'http://x.test', 'mailto:a@x.test', 'tel:+31600'])('%s', async (url) => {
    expect(
      (await renderedBy(renderer, inline({ text: 'a', actions: [{ text: 'b', url }] }))).actions,
    ).toEqual([{ text: 'b', url }]);
  });

  it('cannot begin a line of their own', async () => {
    const actions = [{ text: 'b', url: 'https://x.test/a\r\nc' }];
    expect((await renderedBy(renderer, { kind: 'sms', ...inline({ text: 'a', actions }) })).text).toBe(
      'a\nb: https://x.test/ac',
    );
  });

  it('cannot break out of the attribute that they stand in', async () => {
    const { html } = await renderedBy(
      renderer,
      inline({ blocks: [{ type: 'action', content: 'a', href: `https://x.test/"><script>'` }] }),
    );
    expect(html).toContain('href="https://x.test/%22%3E%3Cscript%3E%27"');
  });
});

describe('pictures', () => {
  it('are dropped to their words where their URL is no picture of the web', async () => {
    const images = [
      { url: 'javascript:a', alt: 'A <cat>' },
      { url: 'cid:x.png', alt: 'B' },
    ];
    const { html, images: kept } = await renderedBy(
      renderer,
      inline({ text: 'a', images, blocks: [{ type: 'image', src: 'file:///etc/passwd', alt: 'C' }] }),
    );
    expect(kept).toEqual([{ url: 'cid:x.png', alt: 'B' }]);
    expect(html).toContain('<p>A &lt;cat&gt;</p>');
    expect(html).toContain('<p>C</p>');
    expect(html).not.toContain('passwd');
  });
});

describe('filters that escape', () => {
  it.each([
    ['{{ x | escape }}', '&lt;b&gt; &amp;amp;\n'],
    ['{{ x | escape_once }}', '&lt;b&gt; &amp;\n'],
    ['{{ x | newline_to_br }}', '&lt;b&gt; &amp;<br>\n'],
    ['{{ x | escape | newline_to_br }}', '&lt;b&gt; &amp;amp;<br>\n'],
    ['{{ x | raw }}', '<b> &amp;\n'],
  ])('%s is escaped once', async (source, expected) => {
    const { html } = await renderedBy(renderer, {
      data: { x: '<b> &amp;\n' },
      ...templateOf({ html: source }),
    });
    expect(html).toBe(expected);
  });
});

describe('what is captured in HTML', () => {
  const data = { name: `O'Brien & <b>`, odd: '<i>' };
  const escapedName = 'O&#39;Brien &amp; &lt;b&gt;';

  async function htmlOf(source: string): Promise<string | undefined> {
    return (await renderedBy(renderer, { data, ...templateOf({ html: source }) })).html;
  }

  it.each([
    ['{{ c }}', `<p> ${escapedName} </p>`],
    ['{% assign d = c %}{{ d }}', `<p> ${escapedName} </p>`],
    ['{% capture d %}[{{ c }}]{% endcapture %}{{ d }}', `[<p> ${escapedName} </p>]`],
    ['{{ c | raw }}', `<p> ${escapedName} </p>`],
    ['{{ c | strip | default: "x" }}', `<p> ${escapedName} </p>`],
    ['{{ nothing | default: c }}', `<p> ${escapedName} </p>`],
  ])('is escaped once, and its markup stays, in %s', async (source, expected) => {
    expect(await htmlOf(`{% capture c %}<p> {{ name }} </p>{% endcapture %}${source}`)).toBe(expected);
  });

  it.each([
    ['{{ c | append: odd }}', '&lt;hr&gt;&lt;i&gt;'],
    ['{{ odd | append: c }}', '&lt;i&gt;&lt;hr&gt;'],
    ['{{ c | replace: "hr", odd }}', '&lt;&lt;i&gt;&gt;'],
    ['{{ c | replace: "<hr>", "" | default: odd }}', '&lt;i&gt;'],
    ['{% capture e %}{% endcapture %}{{ e | default: odd }}', '&lt;i&gt;'],
    ['{% assign l = "a,b" | split: "," | push: c %}{{ l }}', 'ab&lt;hr&gt;'],
    ['{{ c | escape }}', '&lt;hr&gt;'],
  ])('is a text like any other once something was added to it: %s', async (source, expected) => {
    expect(await htmlOf(`{% capture c %}<hr>{% endcapture %}${source}`)).toBe(expected);
  });

  it.each([
    ['{% if c == "ab" and c != "b" %}yes{% endif %}', 'yes'],
    ['{% if c contains "b" and "abc" contains c %}yes{% endif %}', 'yes'],
    ['{% case c %}{% when "ab" %}yes{% endcase %}', 'yes'],
    ['{% for x in c %}{{ x }},{% endfor %}', 'ab,'],
    ['{{ c.size }}{{ c | size }}', '22'],
    ['{% capture s %} {% endcapture %}{% if s == blank and s != empty %}yes{% endif %}', 'yes'],
  ])('is compared as the text that it is: %s', async (source, expected) => {
    expect(await htmlOf(`{% capture c %}ab{% endcapture %}${source}`)).toBe(expected);
  });
});
