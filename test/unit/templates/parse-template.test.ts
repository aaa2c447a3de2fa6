import { type TemplateContent } from '../../../src/domain/content';
import {
  brandContentSchema,
  checkTemplate,
  templateContentSchema,
} from '../../../src/templates/parse-template';

function template(variant: object, more: object = {}): unknown {
  return { defaultLocale: 'en', locales: { en: { email: variant } }, ...more };
}

function issuesOf(
  schema: typeof templateContentSchema | typeof brandContentSchema,
  value: unknown,
): string[] {
  const result = schema.safeParse(value);
  return result.success
    ? []
    : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

describe('templateContentSchema', () => {
  it('takes a template as it is', () => {
    const value: TemplateContent = {
      defaultLocale: 'en',
      locales: {
        en: {
          default: {
            title: 'Hi {{ name }}',
            text: '{% if a %}a{% endif %}',
            actions: [{ text: 'Go', url: '{{ url }}' }],
          },
          sms: { text: 'short' },
        },
        'pt-BR': { email: { html: '<p>{{ x | escape }}</p>' } },
      },
      required: ['user.name'],
    };
    expect(templateContentSchema.parse(value)).toEqual(value);
  });

  it.each([
    [template({ html: '{% if %}' }), 'locales.en.email.html: html: '],
    [
      template({ text: 'a', title: '{{ x | nosuch }}' }),
      'locales.en.email.title: title: undefined filter: nosuch',
    ],
    [template({ text: '{% include "x" %}' }), 'locales.en.email.text: text: tag "include" not found'],
    [template({ text: 'a', actions: [{ text: 'b', url: '{{ x ' }] }), 'locales.en.email.actions.0.url: '],
    [
      template({ text: 'a', actions: [{ text: 'b', url: 'javascript:a' }] }),
      'locales.en.email.actions.0.url: must be',
    ],
    [template({}), 'locales.en.email: needs a title, a text or html'],
    [template({ text: 'a', nope: 1 }), 'locales.en.email: Unrecognized key'],
    [template({ text: 'a' }, { defaultLocale: 'de' }), 'defaultLocale: must be one of the locales'],
    [template({ text: 'a' }, { required: ['a b'] }), 'required.0: must be a path'],
    [template({ text: 'a' }, { locales: { 'not a locale': {} } }), 'locales.not a locale: '],
    [template({ text: 'a' }, { locales: { en: { fax: { text: 'a' } } } }), 'locales.en: '],
    [template({ text: 'x'.repeat(600_000) }), 'locales.en.email.text: '],
    [null, ': '],
  ])('refuses %j and names locale, kind and field', (value, issue) => {
    expect(issuesOf(templateContentSchema, value).join('\n')).toContain(issue);
  });

  it('names every problem at once', () => {
    const value = template({ title: '{{ ', text: '{% nope %}' }) as TemplateContent;
    expect(checkTemplate(value).map((problem) => problem.path.join('.'))).toEqual([
      'locales.en.email.title',
      'locales.en.email.text',
    ]);
  });

  it('answers soon whatever the source', () => {
    const startMs = performance.now();
    for (const piece of ['{{a}}', '{%if a%}', '{{-a-}} ', '{% raw %}', '{%', '{{ "'])
      issuesOf(templateContentSchema, template({ text: piece.repeat(60_000) }));
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });
});

describe('brandContentSchema', () => {
  const brand = {
    name: 'Acme',
    colors: { primary: '#fff' },
    logo: { url: 'https://x.test/l.png' },
    footer: '{{ brand.name }}',
  };

  it('takes a brand as it is', () => {
    expect(brandContentSchema.parse(brand)).toEqual(brand);
  });

  it.each([
    [{ ...brand, footer: '{% if %}' }, 'footer: '],
    [{ ...brand, colors: { primary: 'red;background:url(x)' } }, 'colors.primary: '],
    [{ ...brand, logo: { url: 'javascript:a' } }, 'logo.url: '],
    [{ ...brand, logo: { url: 'https://x.test', href: 'data:a' } }, 'logo.href: '],
    [{ ...brand, name: '' }, 'name: '],
    [{ ...brand, extra: 1 }, ': Unrecognized key'],
  ])('refuses %j and names the field', (value, issue) => {
    expect(issuesOf(brandContentSchema, value).join('\n')).toContain(issue);
  });
});
