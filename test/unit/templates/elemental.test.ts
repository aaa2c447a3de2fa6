import { fromElemental } from '../../../src/templates/elemental';

function elements(...nodes: unknown[]): unknown {
  return { version: '2022-01-01', elements: nodes };
}

function problemsOf(value: unknown): string {
  const result = fromElemental(value);
  return result.ok ? '' : result.problems.join('; ');
}

describe('fromElemental', () => {
  it('takes a title and a body, together or alone', () => {
    expect(fromElemental({ title: 'T', body: 'B {{ name }}' })).toEqual({
      ok: true,
      content: { title: 'T', text: 'B {{ name }}', interpolate: true },
    });
    expect(fromElemental({ body: 'B' })).toEqual({ ok: true, content: { text: 'B', interpolate: true } });
    expect(fromElemental({ title: 'T', body: null })).toEqual({
      ok: true,
      content: { title: 'T', interpolate: true },
    });
  });

  it('takes every node that it knows, groups flattened', () => {
    expect(
      fromElemental(
        elements(
          { type: 'meta', title: 'Hi' },
          { type: 'text', content: 'a', text_style: 'h1', align: 'left' },
          {
            type: 'group',
            elements: [
              { type: 'text', content: 'b' },
              { type: 'group', elements: [{ type: 'divider' }] },
            ],
          },
          {
            type: 'text',
            elements: [
              { type: 'string', content: 'see ' },
              { type: 'link', content: 'here', href: 'https://x.test' },
            ],
          },
          { type: 'quote', content: 'q' },
          { type: 'action', content: 'Go', href: 'https://x.test' },
          { type: 'image', src: 'https://x.test/i.png', alt_text: 'A', href: 'https://x.test' },
          { type: 'html', content: '<b>x</b>' },
        ),
      ),
    ).toEqual({
      ok: true,
      content: {
        title: 'Hi',
        interpolate: true,
        blocks: [
          { type: 'text', content: 'a', style: 'h1' },
          { type: 'text', content: 'b', style: 'text' },
          { type: 'divider' },
          { type: 'text', content: 'see here (https://x.test)', style: 'text' },
          { type: 'text', content: 'q', style: 'quote' },
          { type: 'action', content: 'Go', href: 'https://x.test' },
          { type: 'image', src: 'https://x.test/i.png', alt: 'A', href: 'https://x.test' },
          { type: 'html', content: '<b>x</b>' },
        ],
      },
    });
  });

  it("takes an image's alternative text by either of its names", () => {
    const image = (fields: object) => fromElemental(elements({ type: 'image', src: 's', ...fields }));
    expect(image({ altText: 'A' })).toEqual(image({ alt_text: 'A' }));
    expect(image({ alt_text: 'A', altText: 'B' })).toEqual(image({ alt_text: 'A' }));
    expect(image({ altText: 'A' })).toMatchObject({ content: { blocks: [{ alt: 'A' }] } });
  });

  it.each([
    [
      elements({ type: 'channel', channel: 'email', elements: [] }),
      'elements[0]: nodes of type "channel" are not supported yet',
    ],
    [elements({ type: 'jsonnet' }), '"jsonnet"'],
    [elements({ type: 'constructor' }), '"constructor"'],
    [elements({ type: 'text', content: 'a', if: 'data.x' }), 'elements[0].if is not supported yet'],
    [elements({ type: 'text', content: 'a', channels: ['email'] }), 'elements[0].channels'],
    [
      elements({ type: 'group', elements: [{ type: 'text', content: '**a**', format: 'markdown' }] }),
      'elements[0].elements[0].format is not supported yet',
    ],
    [elements({ type: 'image', src: 's', altText: 1 }), 'elements[0].altText must be a string'],
    [elements({ type: 'text' }), 'elements[0].content must be a string'],
    [elements({ type: 'text', content: 1 }), 'elements[0].content must be a string'],
    [elements({ type: 'text', content: 'a', text_style: 'h9' }), 'elements[0].text_style'],
    [elements({ type: 'action', content: 'a' }), 'elements[0].href must be a string'],
    [elements({ type: 'group', elements: [{ type: 'image' }] }), 'elements[0].elements[0].src'],
    [elements({}), 'elements[0] must be an object with a type'],
    [elements(42), 'elements[0] must be an object with a type'],
    [{ version: '2022-01-01' }, 'elements must be an array'],
    [{ elements: [] }, 'version must be "2022-01-01"'],
    [{}, 'needs a title or a body'],
    [{ title: 1 }, 'title must be a string'],
    [null, 'content must be an object'],
    ['x', 'content must be an object'],
    [[], 'content must be an object'],
  ])('refuses %j and says where and why', (value, problem) => {
    expect(problemsOf(value)).toContain(problem);
  });

  it('names every problem, not only the first', () => {
    const result = fromElemental(elements({ type: 'text' }, { type: 'nope' }));
    expect(result).toMatchObject({ ok: false, problems: [expect.any(String), expect.any(String)] });
  });

  it('bounds nodes, depth and size', () => {
    const text = { type: 'text', content: 'a' };
    const nested = (depth: number): unknown =>
      depth === 0 ? text : { type: 'group', elements: [nested(depth - 1)] };
    expect(problemsOf(elements(...Array.from({ length: 500 }, () => text)))).toBe('');
    expect(problemsOf(elements(...Array.from({ length: 501 }, () => text)))).toContain('500 nodes');
    expect(problemsOf(elements(nested(9)))).toBe('');
    expect(problemsOf(elements(nested(10)))).toContain('10 levels');
    expect(problemsOf(elements({ type: 'text', content: 'x'.repeat(500_001) }))).toContain(
      '500000 characters',
    );
    expect(problemsOf({ body: 'x'.repeat(500_001) })).toContain('500000 characters');
    const parts = Array.from({ length: 600 }, () => ({ type: 'string', content: 'x'.repeat(1_000) }));
    expect(problemsOf(elements({ type: 'text', elements: parts }))).toContain('500000 characters');
  });
});
