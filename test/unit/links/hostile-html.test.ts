import { rewrite, targets } from './rewriting';

const LINK = '<a href="https://a.example/">x</a>';

describe('HTML made to keep a parser busy', () => {
  it.each([
    ['300 nested elements', '<div>'.repeat(300) + LINK],
    ['20,000 nested elements', '<div>'.repeat(20_000) + LINK],
    [
      '100,000 attributes in a tag',
      `<p ${Array.from({ length: 100_000 }, (_, n) => `a${n}`).join(' ')}>${LINK}`,
    ],
    [
      '100,000 attributes in an end tag',
      `</p ${Array.from({ length: 100_000 }, (_, n) => `a${n}`).join(' ')}>${LINK}`,
    ],
    [
      'attributes that hold what ends a tag',
      `<p ${Array.from({ length: 50_000 }, (_, n) => `a${n}=">"`).join(' ')}>${LINK}`,
    ],
    [
      'formatting that is opened again in 100,000 paragraphs',
      `${Array.from({ length: 200 }, (_, n) => `<b id=${n}>`).join('')}${'<p>x'.repeat(100_000)}${LINK}`,
    ],
    ['a million characters and one', ' '.repeat(1_000_001)],
  ])('is given up, goes out untouched, and the other bodies are rewritten: %s', (_, html) => {
    const rewritten = rewrite({ html, text: 'https://a.example/t' }, { pixel: 'https://t.example/o/x' });
    expect(rewritten.html).toBe(html);
    expect(rewritten.htmlLeftAlone).toMatch(/^(A tag|The HTML)/);
    expect(targets(rewritten.text)).toEqual(['https://a.example/t']);
  });

  it('is not what a page of 250 nested elements or 500 attributes is', () => {
    const attributes = Array.from({ length: 499 }, (_, n) => `a${n}`).join(' ');
    const { htmlLeftAlone, links } = rewrite({
      html: `<p ${attributes}>${'<div>'.repeat(250)}<a href="https://a.example/" ${attributes}>x`,
    });
    expect(htmlLeftAlone).toBeUndefined();
    expect(links).toHaveLength(1);
  });

  it('is not what a large newsletter looks like', () => {
    const html = `${'<table><tr><td style="a:b" align=left>'.repeat(60)}${`${LINK}<p>word</p>`.repeat(10_000)}`;
    const { htmlLeftAlone, html: rewritten = '' } = rewrite({ html });
    expect(htmlLeftAlone).toBeUndefined();
    expect(targets(rewritten)).toHaveLength(10_000);
  });
});

describe('text made to keep a search busy', () => {
  it.each([
    ['closing brackets', `https://a.example/${')'.repeat(500_000)}`],
    ['punctuation', `https://a.example/${'.'.repeat(500_000)}`],
    ['beginnings', 'https://'.repeat(100_000)],
    ['schemes in a row', 'http'.repeat(200_000)],
  ])('is read in one go, not in hours: %s', (_, text) => {
    const startedAtMs = performance.now();
    rewrite({ text });
    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
  });
});
