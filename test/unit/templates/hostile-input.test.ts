import { createRenderer } from '../../../src/templates/render';
import { inline, message, renderedBy, templateOf } from './rendering';

const renderer = createRenderer();
afterAll(() => renderer.close());

/** Probes for the engines that people use: none of them may compute, or show anything of the process. */
const PROBES = [
  '{{7*7}}',
  '${7*7}',
  '<%= 7*7 %>',
  '#{7*7}',
  '{{constructor.constructor("return process.env")()}}',
  '{{#with "s" as |string|}}{{/with}}',
  '{{this.constructor.prototype}}',
  '{{ __proto__.polluted }}',
  '{{ "x".__proto__ }}',
  '{% assign x = "".constructor %}{{ x }}',
  '{{ data.constructor.name }}',
  '{{ env }}{{ process }}{{ global }}{{ globalThis }}{{ require }}',
  '{{ site }}{{ page }}{{ self }}{{ request }}{{ config }}',
  '{{ name.constructor }}{{ list.constructor }}{{ list.__proto__ }}{{ toString }}',
];
const data = { name: 'Ann', list: [1] };
const LEAKS = /49|PATH|function|native code|\[object/;

describe('template injection', () => {
  it.each(PROBES)('stays inert as data: %s', async (probe) => {
    const given = { kind: 'sms' as const, data: { ...data, probe } };
    expect((await renderedBy(renderer, { ...given, ...inline({ text: '{{ probe }}' }) })).text).toBe(probe);
    expect((await renderedBy(renderer, { ...given, ...templateOf({ text: '{{ probe }}' }) })).text).toBe(
      probe,
    );
  });

  it.each(PROBES)('computes and shows nothing as a template: %s', async (probe) => {
    for (const source of [inline({ text: probe }), templateOf({ text: probe })]) {
      const result = await renderer.render(message({ kind: 'sms', data, ...source }));
      const shown = result.ok ? result.rendered.text.replace(probe, '') : '';
      expect(shown).not.toMatch(LEAKS);
    }
  });
});

describe('prototype keys in data', () => {
  it('are data like any other and change no prototype', async () => {
    const nasty = JSON.parse(
      '{"__proto__": {"polluted": "p"}, "constructor": {"prototype": {"polluted": "p"}}, "a": {"__proto__": {"b": "p"}}, "toString": "t"}',
    ) as Record<string, unknown>;
    const text = '[{{ polluted }}{{ a.b }}{{ missing.polluted }}{{ hasOwnProperty }}]';
    for (const source of [inline({ text }), templateOf({ text })])
      expect((await renderedBy(renderer, { kind: 'sms', data: nasty, ...source })).text).toBe('[]');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('inherited properties', () => {
  it('are not there, even where something has polluted the prototype', async () => {
    Object.defineProperty(Object.prototype, 'inherited', { value: 'i', configurable: true });
    try {
      const { text } = await renderedBy(renderer, {
        kind: 'sms',
        data: { a: {} },
        ...inline({ text: '[{{ inherited }}{{ a.inherited }}]' }),
      });
      expect(text).toBe('[]');
    } finally {
      Reflect.deleteProperty(Object.prototype, 'inherited');
    }
  });
});

describe('a failure', () => {
  it.each([
    '{{ secret | divided_by: 0 | nosuch }}',
    '{% for i in (1..secret) %}{% endfor %}',
    '{{ "now" | date: "%H", secret }}',
    '{{ secret | append: secret | date: secret }}{% for i in (1..99999999) %}{% endfor %}',
  ])('says nothing of the data: %s', async (source) => {
    const secret = 'top-secret-'.repeat(3);
    const result = await renderer.render(
      message({ kind: 'sms', data: { secret }, ...templateOf({ text: source }) }),
    );
    expect(JSON.stringify(result)).not.toContain('top-secret');
  });
});
