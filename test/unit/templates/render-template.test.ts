import { type TemplateContent } from '../../../src/domain/content';
import { createRenderer } from '../../../src/templates/render';
import { inline, message, renderedBy, templateOf } from './rendering';

const renderer = createRenderer();
afterAll(() => renderer.close());

describe('a stored template', () => {
  it('is Liquid, with conditions, loops and filters', async () => {
    const { text, title } = await renderedBy(renderer, {
      kind: 'sms',
      data: { items: [{ n: 'a' }, { n: 'b' }], vip: true },
      ...templateOf({
        title: '{% if vip %}VIP{% endif %}\n{{ "x" | upcase }}',
        text: '{% for i in items %}{{ i.n }}{% unless forloop.last %}, {% endunless %}{% endfor %}',
      }),
    });
    expect({ text, title }).toEqual({ text: 'a, b', title: 'VIP X' });
  });

  it('renders what is absent as nothing', async () => {
    const { text } = await renderedBy(renderer, {
      kind: 'sms',
      ...templateOf({ text: '[{{ a }}{{ b.c.d }}{{ e[3].f | upcase }}]' }),
    });
    expect(text).toBe('[]');
  });

  it('ends as variable_missing, naming the path and not the data, where it requires what is absent', async () => {
    const required = templateOf({ text: '{{ user.name }}' }, { required: ['user.name', 'profile.email'] });
    const without = await renderer.render(message({ data: { user: { surname: 'Secret' } }, ...required }));
    expect(without).toMatchObject({
      ok: false,
      reason: 'variable_missing',
      detail: expect.stringContaining('user.name'),
    });
    expect(JSON.stringify(without)).not.toContain('Secret');
    const given = { data: { user: { name: '' } }, profile: { email: 'x' }, ...required };
    expect(await renderer.render(message(given))).toMatchObject({ ok: true });
  });

  it('does not take inherited properties for required ones', async () => {
    const result = await renderer.render(
      message(templateOf({ text: 'a' }, { required: ['constructor.name'] })),
    );
    expect(result).toMatchObject({ reason: 'variable_missing' });
  });

  it.each([
    ['{% include "x" %}'],
    ['{% render "x" %}'],
    ['{% layout "x" %}'],
    ['{% block a %}{% endblock %}'],
    ['{% liquid echo 1 %}'],
    ['{{ a | nosuch }}'],
    ['{{ a | where_exp: "x", "x" }}'],
    ['{% if %}'],
    ['{{ '],
  ])('ends as render_failed, naming the field, for %s', async (source) => {
    const result = await renderer.render(message({ kind: 'sms', ...templateOf({ text: source }) }));
    expect(result).toMatchObject({
      ok: false,
      reason: 'render_failed',
      detail: expect.stringMatching(/^text: /),
    });
  });

  it('wins over a body beside it, which still lends its attachments and headers', async () => {
    const { text, attachments, headers } = await renderedBy(renderer, {
      ...inline({
        text: 'body',
        unsupported: 'gif',
        attachments: [{ url: 'https://x.test/a' }],
        headers: { 'X-A': 'b' },
      }),
      ...templateOf({ text: 'template' }),
    });
    expect(text).toBe('template');
    expect(attachments).toEqual([{ url: 'https://x.test/a' }]);
    expect(headers).toEqual({ 'X-A': 'b' });
  });

  it('cannot be made to fail or to speak by data without a JSON form', async () => {
    const data: Record<string, unknown> = { s: 'secret' };
    data['self'] = data;
    const result = await renderer.render(message({ kind: 'sms', data, ...templateOf({ text: '{{ s }}' }) }));
    expect(result).toMatchObject({ ok: false, reason: 'render_failed' });
  });
});

describe('a part of a template that is blank for this message', () => {
  const brand = { name: 'Acme', footer: '<i>Acme</i>' };

  it.each(['', ' \n', '{% if vip %}<p>VIP</p>{% endif %}\n'])(
    'does not hide the text in an e-mail where it is the HTML: %j',
    async (html) => {
      const given = templateOf({ text: 'Hello {{ name }}', html });
      const rendered = await renderedBy(renderer, { brand, data: { name: 'Ann' }, ...given });
      expect(rendered.text).toBe('Hello Ann\n\nAcme');
      expect(rendered.html).toContain('<p>Hello Ann</p>\n<i>Acme</i>');
      expect(await renderedBy(renderer, { kind: 'webhook', ...given })).not.toHaveProperty('html');
    },
  );

  it.each(['', '{% if vip %}VIP{% endif %}\n'])(
    'does not hide the HTML where it is the text: %j',
    async (text) => {
      const given = templateOf({ text, html: '<p>Hello</p>' });
      expect(await renderedBy(renderer, given)).toMatchObject({ text: 'Hello', html: '<p>Hello</p>' });
      expect((await renderedBy(renderer, { kind: 'sms', ...given })).text).toBe('Hello');
    },
  );
});

describe('the variant of a template', () => {
  const template: TemplateContent = {
    defaultLocale: 'en',
    locales: {
      en: { default: { text: 'en' }, sms: { text: 'en sms' } },
      de: { sms: { text: 'de sms' } },
      'pt-BR': { default: { text: 'pt {{ locale }}' } },
    },
  };

  it.each([
    ['sms', 'de_AT', 'de sms'],
    ['sms', undefined, 'en sms'],
    ['push', 'de', 'en'],
    ['push', 'pt', 'pt pt-BR'],
    ['any', 'de', 'de sms'],
  ] as const)('for %s in %s is %s', async (kind, locale, expected) => {
    expect((await renderedBy(renderer, { kind, template, ...(locale ? { locale } : {}) })).text).toBe(
      expected,
    );
  });

  it('follows the recipient where the call names no locale', async () => {
    const recipient = { id: 'a', locale: 'de' };
    expect((await renderedBy(renderer, { kind: 'sms', template, recipient })).text).toBe('de sms');
    expect((await renderedBy(renderer, { kind: 'sms', template, recipient, locale: 'en' })).text).toBe(
      'en sms',
    );
  });

  it('is unsupported_body_for_channel where no locale has one, and no inherited name is one', async () => {
    const only: TemplateContent = { defaultLocale: 'en', locales: { en: { email: { text: 'a' } } } };
    expect(await renderer.render(message({ kind: 'sms', template: only }))).toMatchObject({
      reason: 'unsupported_body_for_channel',
    });
  });
});

describe('a brand', () => {
  const brand = {
    name: 'A & B',
    colors: { primary: '#c0ffee' },
    logo: { url: 'https://x.test/logo.png', href: 'https://x.test' },
    footer: '<p style="color:{{ brand.colors.primary }}">{{ brand.name }}, {{ city }}</p>',
  };

  it('is wrapped around every e-mail body, its footer in the text too', async () => {
    const given = { brand, data: { city: 'Ede', brand: 'shadow' }, ...inline({ title: 't', text: 'Hi' }) };
    const { html, text } = await renderedBy(renderer, given);
    expect(html).toMatch(
      /logo\.png" alt="A &amp; B"[^]*<p>Hi<\/p>\n<p style="color:#c0ffee">A &amp; B, Ede<\/p>/,
    );
    expect(html).toContain('a{color:#c0ffee}');
    expect(text).toBe('Hi\n\nA & B, Ede');
  });

  it('replaces the logo by a header of its own, and goes inside HTML that is given', async () => {
    const given = {
      brand: { ...brand, header: '<i>{{ brand.name }}</i>' },
      ...inline({ html: '<body><p>Hi</p></body>' }),
    };
    const { html } = await renderedBy(renderer, given);
    expect(html).toMatch(/^<body><i>A &amp; B<\/i><p>Hi<\/p><p style=.*<\/body>$/);
  });

  it('is usable from a template, and stays out of other kinds', async () => {
    const given = {
      kind: 'sms' as const,
      brand,
      ...templateOf({ text: '{{ brand.name }} {{ brand.colors.primary }}' }),
    };
    expect((await renderedBy(renderer, given)).text).toBe('A & B #c0ffee');
  });
});
