import fc from 'fast-check';
import { bySpecificity, expressPath } from '../../../api/middleware/routing';
import { parseExpiration } from '../../../api/middleware/idempotency-expiration';
import { parseQuery } from '../../../api/middleware/query';
import { generateApiKey, isPlausibleApiKey, shownPrefix } from '../../../src/ledger/api-key-format';

test('OpenAPI paths become Express paths', () => {
  expect(expressPath('/bulk/{jobId}/users')).toBe('/bulk/:jobId/users');
});

test('a literal segment goes before a parameter at the same place', () => {
  const paths = ['/a/{id}', '/a/{id}/b', '/a/lit/b', '/a/lit', '/{x}/lit'];
  const sorted = [...paths].sort(bySpecificity);
  expect(sorted.indexOf('/a/lit')).toBeLessThan(sorted.indexOf('/a/{id}'));
  expect(sorted.indexOf('/a/lit/b')).toBeLessThan(sorted.indexOf('/a/{id}/b'));
  expect(sorted.at(-1)).toBe('/{x}/lit');
});

test('any query string can be read', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary-ascii' }).filter((s) => !/\0|%00/.test(s)),
      (text) => {
        for (const values of parseQuery(`/x?${text}`).values()) expect(values.length).toBeGreaterThan(0);
      },
    ),
  );
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', minLength: 1 }).filter((s) => s !== 'undefined' && !s.includes('\0')),
      (text) => {
        expect(parseQuery(`/x?a=${encodeURIComponent(text)}`).get('a')).toEqual([text]);
      },
    ),
  );
});

test('the spellings of a moment mean the same, after a star too, and so do those of a duration', () => {
  const at = Date.UTC(2027, 0, 2, 3, 4, 5);
  const from = at - 86_400_000;
  const texts = [String(at), String(at / 1000), new Date(at).toISOString()];
  for (const text of [
    ...texts,
    'P1D',
    'PT24H',
    '1 Day',
    '1 day',
    '24 hours',
    '1440 Minutes',
    '86400seconds',
  ]) {
    for (const said of [text, `*${text}`]) expect(parseExpiration(said, from)?.getTime()).toBe(at);
  }
  expect(parseExpiration('2 weeks', from)?.getTime()).toBe(from + 14 * 86_400_000);
  for (const unread of ['1 fortnight', '20261231', '3600']) expect(parseExpiration(unread)).toBeUndefined();
  expect(parseExpiration(undefined)).toBeUndefined();
});

test('a key is told from a mistyped one by itself, and shows little of itself', () => {
  const key = generateApiKey();
  expect(isPlausibleApiKey(key)).toBe(true);
  fc.assert(
    fc.property(fc.nat(key.length - 5), fc.constantFrom('A', 'b', '0', '_'), (index, letter) => {
      const at = index + 4;
      const typo = key.slice(0, at) + letter + key.slice(at + 1);
      expect(isPlausibleApiKey(typo)).toBe(typo === key);
    }),
  );
  expect(isPlausibleApiKey('abcd')).toBe(true);
  expect([shownPrefix(key).length, shownPrefix('abcd')]).toEqual([12, 'a']);
});
