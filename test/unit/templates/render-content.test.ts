import { createRenderer } from '../../../src/templates/render';
import { inline, message, renderedBy } from './rendering';

const renderer = createRenderer();
afterAll(() => renderer.close());

const data = { name: 'Ann <3', user: { name: 'Bo' }, list: ['a', 'b'], n: 0, yes: true };

async function textOf(text: string, more: object = {}): Promise<string> {
  return (await renderedBy(renderer, { kind: 'sms', data, ...inline({ text }), ...more })).text;
}

describe('inline content', () => {
  it('stands data in for plain outputs', async () => {
    expect(
      await textOf('Hi {{name}}, {{ user.name }} {{list[1]}} {{ list.0 }} {{n}} {{yes}} {{ list }}'),
    ).toBe('Hi Ann <3, Bo b a 0 true a, b');
  });

  it('renders what is absent as nothing', async () => {
    expect(await textOf('[{{ nope }}{{ user.nope.deeper }}{{ user }}]')).toBe('[]');
  });

  it.each([
    '{{ }}',
    '{{ 50% off',
    '{{ name | upcase }}',
    '{% if name %}x{% endif %}',
    '{{{',
    '}} {{',
    '{{ a b }}',
  ])('leaves %s as it was written', async (source) => expect(await textOf(source)).toBe(source));

  it('is literal where the caller asked for that', async () => {
    expect(await textOf('', inline({ text: '{{ name }}' }, false))).toBe('{{ name }}');
  });

  it('finds data under its own name, the profile, the recipient and the brand, and lets data win', async () => {
    const more = { profile: { email: 'a@x.test' }, brand: { name: 'Acme' } };
    expect(
      await textOf('{{ data.user.name }} {{ profile.email }} {{ recipient.id }} {{ brand.name }}', more),
    ).toBe('Bo a@x.test ann Acme');
    expect(await textOf('{{ brand }}', { ...more, data: { brand: 'mine' } })).toBe('mine');
  });

  it('never reads a value as a template', async () => {
    expect(await textOf('{{ name }}', { data: { name: '{{ user.name }}', user: { name: 'x' } } })).toBe(
      '{{ user.name }}',
    );
  });

  it('fails, instead of eating the memory, where the values add up beyond reason', async () => {
    const result = await renderer.render(
      message({ kind: 'sms', data: { s: 'x'.repeat(100_000) }, ...inline({ text: '{{s}}'.repeat(60) }) }),
    );
    expect(result).toMatchObject({ ok: false, reason: 'render_failed' });
  });
});

describe('an e-mail', () => {
  it('gets HTML from its text, escaped, and keeps the text', async () => {
    const { title, text, html } = await renderedBy(renderer, {
      data,
      ...inline({ title: 'Hi {{ name }}', text: 'Dear {{ name }},\nwelcome & good luck.\n\nBye' }),
    });
    expect(title).toBe('Hi Ann <3');
    expect(text).toBe('Dear Ann <3,\nwelcome & good luck.\n\nBye');
    expect(html).toContain('<p>Dear Ann &lt;3,<br>\nwelcome &amp; good luck.</p>\n<p>Bye</p>');
    expect(html).toContain('<title>Hi Ann &lt;3</title>');
  });

  it('gets text from its HTML, and keeps HTML that is given', async () => {
    const html =
      '<h1>Hi {{ name }}</h1><p>Go <a href="https://x.test/a">there</a><img src="https://x.test/pixel"></p>';
    const rendered = await renderedBy(renderer, { data, ...inline({ title: 't', html }) });
    expect(rendered.html).toBe(html.replace('{{ name }}', 'Ann &lt;3'));
    expect(rendered.text).toBe('Hi Ann <3\n\nGo there (https://x.test/a)');
  });

  it('carries files as attachments, links and pictures in both bodies', async () => {
    const rendered = await renderedBy(
      renderer,
      inline({
        text: 'See',
        images: [{ url: 'https://x.test/cat.png', alt: 'A "cat"' }],
        actions: [{ text: 'Open', url: 'https://x.test/?a=1&b=2' }],
        files: [{ url: 'https://x.test/a.pdf', filename: 'a.pdf' }],
        attachments: [{ url: 'https://x.test/b.png', inline: true }],
      }),
    );
    expect(rendered.text).toBe('See\nA "cat": https://x.test/cat.png\nOpen: https://x.test/?a=1&b=2');
    expect(rendered.html).toContain('<img src="https://x.test/cat.png" alt="A &quot;cat&quot;"');
    expect(rendered.html).toContain('<a href="https://x.test/?a=1&amp;b=2">Open</a>');
    expect(rendered.attachments.map((one) => one.url)).toEqual([
      'https://x.test/a.pdf',
      'https://x.test/b.png',
    ]);
    expect(rendered.actions).toEqual([{ text: 'Open', url: 'https://x.test/?a=1&b=2' }]);
  });

  it('puts links inside the body of HTML that is a whole document', async () => {
    const { html } = await renderedBy(
      renderer,
      inline({
        html: '<html><body class="x"><p>a</p></body></html>',
        actions: [{ text: 'Go', url: 'https://x.test' }],
      }),
    );
    expect(html).toBe('<html><body class="x"><p>a</p><p><a href="https://x.test">Go</a></p></body></html>');
  });

  it('renders every block for HTML and for text', async () => {
    const { html, text } = await renderedBy(renderer, {
      data: { ...data, to: 'a b&c' },
      ...inline({
        blocks: [
          { type: 'text', content: 'Hello {{ name }}', style: 'h1' },
          { type: 'text', content: 'small', style: 'subtext' },
          { type: 'text', content: 'said\nshe', style: 'quote' },
          { type: 'divider' },
          { type: 'action', content: 'Go', href: 'https://x.test/{{ to }}' },
          { type: 'image', src: 'https://x.test/i.png', alt: 'Pic', href: 'https://x.test/i' },
          { type: 'html', content: '<b>bold {{ name }}</b>' },
        ],
      }),
    });
    expect(html).toContain('<h1>Hello Ann &lt;3</h1>\n<p><small>small</small></p>');
    expect(html).toContain('<blockquote><p>said<br>\nshe</p></blockquote>\n<hr>');
    expect(html).toContain('<a href="https://x.test/a%20b%26c">Go</a>');
    expect(html).toContain('<a href="https://x.test/i"><img src="https://x.test/i.png" alt="Pic"');
    expect(html).toContain('<b>bold Ann &lt;3</b>');
    expect(text).toBe(
      'Hello Ann <3\n\nsmall\n\n> said\n> she\n\n---\n\nGo: https://x.test/a%20b%26c\n\nPic: https://x.test/i\n\nbold Ann <3',
    );
  });

  it('takes the subject that the call gives before the title of the content', async () => {
    const given = { subjectOverride: 'Hi {{ name }}\r\nBcc: x', data, ...inline({ title: 'no', text: 'a' }) };
    expect((await renderedBy(renderer, given)).title).toBe('Hi Ann <3 Bcc: x');
    const literal = { ...given, ...inline({ title: 'no', text: 'a' }, false) };
    expect((await renderedBy(renderer, literal)).title).toBe('Hi {{ name }} Bcc: x');
  });
});

describe('every other kind', () => {
  it.each(['sms', 'push', 'chat', 'inbox', 'webhook', 'any'] as const)(
    '%s gets text, title and links',
    async (kind) => {
      const rendered = await renderedBy(renderer, {
        kind,
        data,
        ...inline({
          title: 'T',
          html: '<p>Hi <b>{{ name }}</b></p>',
          actions: [{ text: 'Open', url: 'https://x.test/' }],
          files: [
            { url: 'https://x.test/a.pdf', filename: 'a.pdf' },
            { url: 'https://x.test/c', inline: true },
          ],
        }),
      });
      expect(rendered).toMatchObject({
        title: 'T',
        text: 'Hi Ann <3\nOpen: https://x.test/\na.pdf: https://x.test/a.pdf',
        headers: {},
        attachments: [],
      });
    },
  );

  it('sends the title where an SMS has nothing else, and the links of a body that is only a file or picture', async () => {
    expect((await renderedBy(renderer, { kind: 'sms', ...inline({ title: 'Only' }) })).text).toBe('Only');
    const files = inline({
      files: [{ url: 'https://x.test/a.pdf' }],
      images: [{ url: 'https://x.test/i.png' }],
    });
    expect((await renderedBy(renderer, { kind: 'sms', ...files })).text).toBe(
      'https://x.test/i.png\nhttps://x.test/a.pdf',
    );
  });
});

describe('content that cannot be sent', () => {
  it('names the type of body that the channel cannot carry', async () => {
    const result = await renderer.render(message({ kind: 'sms', ...inline({ unsupported: 'carousel' }) }));
    expect(result).toMatchObject({ ok: false, reason: 'unsupported_body_for_channel' });
    expect(result).toMatchObject({ detail: expect.stringContaining('carousel') });
  });

  it.each([{}, { text: '' }, { title: '', blocks: [] }, { attachments: [{ url: 'https://x.test' }] }])(
    'refuses %j as empty',
    async (content) =>
      expect(await renderer.render(message(inline(content)))).toMatchObject({
        ok: false,
        reason: 'invalid_content',
      }),
  );

  it('refuses a message with neither content nor template', async () => {
    expect(await renderer.render(message({}))).toMatchObject({ ok: false, reason: 'invalid_content' });
  });

  it('refuses a filename that could break out of its header', async () => {
    const content = inline({ text: 'a', attachments: [{ url: 'https://x.test', filename: 'a\r\nX: y' }] });
    expect(await renderer.render(message(content))).toMatchObject({ ok: false, reason: 'invalid_content' });
  });
});
