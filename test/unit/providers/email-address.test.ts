import fc from 'fast-check';
import {
  isEmailAddress,
  isIdentity,
  isIdentityPattern,
  toAsciiAddress,
} from '../../../src/providers/email-address';

const GOOD = [
  'a@b.co',
  'first.last+tag@sub.example.com',
  "o'hara@example.com",
  'x_y-z=1@example.museum',
  'Upper.Case@EXAMPLE.Com',
  'user@xn--bcher-kva.example',
  'user@bücher.example',
  'грета@почта.рф',
  '用户@例子.公司',
  `${'l'.repeat(64)}@example.com`,
  'a@1.2.3.com',
];

const BAD = [
  '',
  'plain',
  '@example.com',
  'a@',
  'a@b',
  'a@localhost',
  'a@@b.co',
  'a@b.co@c.co',
  '.a@b.co',
  'a.@b.co',
  'a..b@b.co',
  'a@.b.co',
  'a@b..co',
  'a@b.co.',
  'a@-b.co',
  'a@b-.co',
  'a@b.c',
  'a@1.2.3.4',
  'a@[1.2.3.4]',
  'a@[IPv6:::1]',
  'a@b_c.co',
  '"a"@b.co',
  '"a b"@b.co',
  '"x@evil.test"@b.co',
  '"a\\"@evil.test"@b.co',
  'a b@b.co',
  ' a@b.co',
  'a@b.co ',
  'a@b.co\r\nBcc: x@evil.test',
  'a\n@b.co',
  'a@b.co\0',
  'a\t@b.co',
  'Name <a@b.co>',
  '<a@b.co>',
  'a@b.co, c@d.co',
  'a@b.co;c@d.co',
  'a@b.co(comment)',
  'a(c)@b.co',
  '=?utf-8?q?a=40evil.test?=@b.co',
  '=?utf-8?q?x?= <a@evil.test>',
  'group: a@b.co;',
  '@route.test:a@b.co',
  'a%evil.test@b.co',
  'evil.test!a@b.co',
  'a@b,co',
  'a@b。co',
  'a@ｂ.co',
  'a@b.co\u200b',
  'a\u202eb@b.co',
  'a\ud800@b.co',
  'a@\ud800.co',
  'a:b@b.co',
  'a\\b@b.co',
  `${'l'.repeat(65)}@example.com`,
  `${'ü'.repeat(33)}@example.com`,
  `a@${'d'.repeat(64)}.com`,
  `a@${'d.'.repeat(126)}com`,
];

test.each(GOOD)('%s is an address', (text) => expect(isEmailAddress(text)).toBe(true));
test.each(BAD)('%j is none', (text) => expect(isEmailAddress(text)).toBe(false));

test('whatever passes has one @, no blank, no control character and fits a line', () => {
  const alphabet = fc.constantFrom(...'ab.@-_+"<>,;:()\\ \r\n\t\0%!=?ü例。[]1');
  fc.assert(
    fc.property(fc.string({ unit: alphabet, maxLength: 40 }), (text) => {
      if (isEmailAddress(text))
        expect(text).toMatch(/^[^\s"<>,;:()\\%![\]@\p{Cc}]+@[^\s"<>,;:()\\%![\]@\p{Cc}]+$/u);
    }),
    { numRuns: 2000 },
  );
});

test('hostile input of 100 kB takes no time', () => {
  const start = performance.now();
  for (const text of [
    'a.'.repeat(50_000),
    'a@'.repeat(50_000),
    `a@${'b.'.repeat(50_000)}`,
    '"'.repeat(100_000),
  ]) {
    expect(isEmailAddress(text)).toBe(false);
  }
  expect(performance.now() - start).toBeLessThan(50);
});

test('an international domain goes out in ASCII, the local part as it is', () => {
  expect(toAsciiAddress('Grüße@BÜCHER.example')).toBe('Grüße@xn--bcher-kva.example');
  expect(toAsciiAddress('not an address')).toBeUndefined();
});

describe('identities of a channel', () => {
  test('a whole address covers itself, a domain its mailboxes and no subdomain', () => {
    expect(isIdentity('News@Example.com', ['news@example.com'])).toBe(true);
    expect(isIdentity('other@example.com', ['news@example.com'])).toBe(false);
    expect(isIdentity('any@example.com', ['@example.com'])).toBe(true);
    expect(isIdentity('any@sub.example.com', ['@example.com'])).toBe(false);
    expect(isIdentity('any@notexample.com', ['@example.com'])).toBe(false);
    expect(isIdentity('a@b.co\r\n', ['@b.co'])).toBe(false);
  });

  test('a pattern is an address or @domain', () => {
    expect(['a@b.co', '@b.co', '@bücher.example'].every(isIdentityPattern)).toBe(true);
    expect(['@', '@b', 'b.co', '@@b.co', '*@b.co@', '@b.co\n'].some(isIdentityPattern)).toBe(false);
  });
});
