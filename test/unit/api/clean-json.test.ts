import fc from 'fast-check';
import { cleanJson } from '../../../api/middleware/clean-json';

const parse = (text: string) => JSON.parse(text) as unknown;
/** Of more than 40 places when it is written out. */
const isLong = (value: unknown) =>
  typeof value === 'number' && value !== 0 && (Math.abs(value) >= 1e40 || Math.abs(value) < 1e-40);

test('ordinary JSON passes as it is, pairs of surrogates included', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify(value, (_key, part: unknown) => (isLong(part) ? 0.5 : part));
      fc.pre(!/__proto__|constructor|prototype|\\u0000|\\ud[89a-f]/i.test(text));
      const { value: clean, poison } = cleanJson(parse(text));
      expect(poison).toEqual([]);
      expect(JSON.stringify(clean)).toBe(text);
    }),
  );
  expect(cleanJson(parse('"\\ud83d\\ude00"'))).toEqual({ value: '😀', poison: [] });
});

test('whatever comes in, what goes out is storable', () => {
  const nasty = fc.constantFrom('\u0000', '\ud800', '\udc00', 'a', '__proto__', 'constructor', '😀');
  const text = fc.array(nasty, { maxLength: 3 }).map((parts) => parts.join(''));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(text, tie('tree'), { maxKeys: 3, noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      const out = JSON.stringify(cleanJson(parse(JSON.stringify(value))).value);
      expect(out).not.toMatch(/\\u0000|\\ud[89a-f]|"(__proto__|constructor|prototype)":/i);
    }),
  );
});

test('places are written as a programmer would', () => {
  const { poison } = cleanJson(parse('{"a":[0,{"b c":{"d":"\\u0000"}}],"x\\u0000":1}'));
  expect(poison.map(({ at }) => at)).toEqual(['a[1]["b c"].d', 'x']);
});

test('nesting ends at 64 levels, however deep the text', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const { poison } = cleanJson(parse(deep));
  expect(poison).toHaveLength(1);
  expect(poison[0]?.problem).toContain('64');
  expect(cleanJson(parse('['.repeat(64) + ']'.repeat(64))).poison).toEqual([]);
});

test('a key that becomes a reserved one when cleaned is dropped with it', () => {
  const { value } = cleanJson(parse('{"__pro\\u0000to__":{"admin":true}}'));
  expect(Object.keys(value as object)).toEqual([]);
  expect((value as { admin?: boolean }).admin).toBeUndefined();
});

test('more than 10,000 places are refused as a whole', () => {
  const many = JSON.stringify(Array.from({ length: 10_001 }, () => '\u0000'));
  expect(() => cleanJson(parse(many))).toThrow(/10000 places/);
});

test('no number grows when Postgres writes it out: what has over 40 places is refused', () => {
  const long = '[1e308,-1e308,5e-324,1e40,-9e-41,1e999]';
  const { value, poison } = cleanJson(parse(long));
  expect(value).toEqual([null, null, null, null, null, null]);
  expect(poison.map(({ at }) => at)).toEqual(['[0]', '[1]', '[2]', '[3]', '[4]', '[5]']);
  const usual = '[0,9e+39,-1e-40,6.62607015e-34,0.1,-12345678901234]';
  expect(cleanJson(parse(usual))).toEqual({ value: parse(usual), poison: [] });
});
