import { compiledBytes, createTemplateCache } from '../../../src/templates/template-cache';

function counting(): { make: (source: string) => () => string; made: string[] } {
  const made: string[] = [];
  return { made, make: (source) => () => (made.push(source), source.toUpperCase()) };
}

describe('the template cache', () => {
  it('makes a value once', () => {
    const cache = createTemplateCache<string>();
    const { make, made } = counting();
    expect([cache.get('a', make('a')), cache.get('a', make('a'))]).toEqual(['A', 'A']);
    expect(made).toEqual(['a']);
  });

  it('keeps nothing of what could not be made', () => {
    const cache = createTemplateCache<string>();
    const fail = (): string => {
      throw new Error('no');
    };
    expect(() => cache.get('a', fail)).toThrow('no');
    expect(cache.get('a', () => 'now')).toBe('now');
  });

  it('lets go of what was not used for longest, by number and by weight', () => {
    for (const cache of [createTemplateCache<string>(2, 1e6), createTemplateCache<string>(99, 16)]) {
      const { make, made } = counting();
      for (const source of ['aa', 'bb', 'aa', 'cc', 'dd', 'ee', 'aa']) cache.get(source, make(source));
      cache.get('ee', make('ee'));
      expect(made.filter((one) => one === 'ee')).toHaveLength(1);
      cache.get('bb', make('bb'));
      expect(made.filter((one) => one === 'bb')).toHaveLength(2);
    }
  });

  it('does not give its room to one giant', () => {
    const cache = createTemplateCache<string>(10, 1_000);
    const { make, made } = counting();
    for (const source of ['a', 'x'.repeat(300), 'a']) cache.get(source, make(source));
    expect(made).toHaveLength(2);
  });

  it('weighs code much more than text, in time that is linear', () => {
    expect(compiledBytes('{{ a }}'.repeat(100))).toBeGreaterThan(40 * compiledBytes('xxxxxxx'.repeat(100)));
    const startMs = performance.now();
    compiledBytes('{{'.repeat(250_000));
    expect(performance.now() - startMs).toBeLessThan(200);
  });
});
