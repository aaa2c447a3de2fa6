import { Worker } from 'node:worker_threads';
import { createRenderer } from '../../../src/templates/render';
import { inline, message, renderedBy, templateOf } from './rendering';

const TIME_LIMIT_MS = 1_500;
const renderer = createRenderer({ threads: 1, timeLimitMs: TIME_LIMIT_MS });
afterAll(() => renderer.close());
// The first render pays for starting the thread; the limits below are of the renders after it.
beforeAll(() => renderedBy(renderer, { kind: 'sms', ...templateOf({ text: '{{ a }}' }) }));

async function failing(text: string, data: Record<string, unknown> = {}): Promise<string> {
  const startMs = performance.now();
  const result = await renderer.render(message({ kind: 'sms', data, ...templateOf({ text }) }));
  expect(performance.now() - startMs).toBeLessThan(TIME_LIMIT_MS + 1_000);
  expect(result).toMatchObject({ ok: false, reason: 'render_failed' });
  return result.ok ? '' : result.detail;
}

describe('a template that asks for too much fails soon, and the next message renders', () => {
  it.each([
    ['a range of a billion', '{% for i in (1..1000000000) %}x{% endfor %}', 'memory'],
    [
      'empty nested loops',
      // Over a list of the caller's: a range counts as memory, and which limit it meets first depends on the machine.
      '{% for i in list %}{% for j in list %}{% for k in list %}{% endfor %}{% endfor %}{% endfor %}',
      'template render limit',
    ],
    ['megabytes of output', `{% for i in (1..1000) %}${'x'.repeat(10_000)}{% endfor %}`, 'memory'],
    [
      'megabytes captured',
      `{% capture c %}{% for i in (1..1000) %}${'x'.repeat(10_000)}{% endfor %}{% endcapture %}`,
      'memory',
    ],
    [
      'a string that doubles',
      `{% assign s = "aaaaaaaa" %}${'{% assign s = s | append: s %}'.repeat(40)}`,
      'memory',
    ],
    ['a filter that grows its input', `{{ big${' | url_encode'.repeat(20_000)} }}`, 'memory'],
    ['a huge width', '{{ "now" | date: "%999999999Y" }}', 'memory'],
    ['too many tags to parse', '{{ a }}'.repeat(60_000), 'more than 5000 tags'],
    ['deep nesting', '{% if a %}'.repeat(4_000), 'not closed'],
    ['a source that is too long', 'x{{ a }}'.padEnd(600_000, 'x'), 'longer than'],
  ])('%s', async (_name, source, why) => {
    expect(await failing(source, { big: '%'.repeat(100_000), list: Array(2_000).fill(1) })).toContain(why);
    expect((await renderedBy(renderer, { kind: 'sms', ...templateOf({ text: 'ok{{ a }}' }) })).text).toBe(
      'ok',
    );
  });
});

describe('what the limits inside the engine miss', () => {
  it('is stopped by killing the thread, while the parent goes on working', async () => {
    const terminate = jest.spyOn(Worker.prototype, 'terminate');
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 20);
    // Nested and unmatched tags cost the HTML parser their product.
    const html = '<a>'.repeat(170_000) + '</b>'.repeat(120_000);
    const startMs = performance.now();
    const result = await renderer.render(message(inline({ html })));
    clearInterval(ticking);
    expect(performance.now() - startMs).toBeLessThan(TIME_LIMIT_MS + 1_000);
    expect(result).toMatchObject({ ok: false, reason: 'render_failed' });
    expect(result).toMatchObject({ detail: expect.stringContaining(`${TIME_LIMIT_MS} ms`) });
    expect(turns).toBeGreaterThan(10);
    expect(terminate).toHaveBeenCalledTimes(1);
    expect((await renderedBy(renderer, { kind: 'sms', ...templateOf({ text: 'ok{{ a }}' }) })).text).toBe(
      'ok',
    );
  });
});

describe('the parent itself', () => {
  const hostile = 100_000;
  it.each([
    ['open outputs', '{{'.repeat(hostile)],
    ['spaces', `{{${' '.repeat(hostile)}`],
    ['a long path', `{{ ${'a.'.repeat(hostile)}`],
    ['a long word', `{{ ${'a'.repeat(hostile)} `],
    ['open bodies', '<body'.repeat(hostile)],
    ['closed bodies', '</body '.repeat(hostile)],
    ['line breaks', '\n'.repeat(hostile)],
    ['entities', '&'.repeat(hostile)],
  ])('spends little on hostile inline content: %s', async (_name, source) => {
    const startMs = performance.now();
    await renderedBy(renderer, inline({ text: source, html: source, actions: [{ text: 'a', url: source }] }));
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });
});

describe('workspaces', () => {
  it('take turns at the threads, however many renders one of them has waiting', async () => {
    const fair = createRenderer({ threads: 1 });
    const order: string[] = [];
    const render = async (workspaceId: string, name: string) => {
      const result = await fair.render(
        message({ workspaceId, kind: 'sms', data: { name }, ...templateOf({ text: '{{ name }}' }) }),
      );
      order.push(result.ok ? (result.rendered.text ?? '') : result.detail);
    };
    try {
      const busy = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'].map((name) => render('a', name));
      const others = [render('b', 'b1'), render('b', 'b2'), render('c', 'c1')];
      await Promise.all([...busy, ...others]);
    } finally {
      await fair.close();
    }
    expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4', 'a5', 'a6']);
  });
});

describe('closing', () => {
  it('refuses renders that would need a thread, and ends the open ones', async () => {
    const closing = createRenderer({ threads: 1 });
    const open = closing.render(message({ kind: 'sms', ...templateOf({ text: '{{ a }}' }) }));
    const ended = expect(open).rejects.toThrow();
    await closing.close();
    await ended;
    await expect(
      closing.render(message({ kind: 'sms', ...templateOf({ text: '{{ a }}' }) })),
    ).rejects.toThrow('closed');
  });
});
