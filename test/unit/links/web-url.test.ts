import { isDangerous, redirectLocation, webUrl } from '../../../src/links/web-url';

describe('web URLs', () => {
  it('are told the same way however often the question was asked before', () => {
    // Enough for the compiler to replace what it has been interpreting so far.
    for (let n = 0; n < 50_000; n += 1) {
      if (webUrl('https://b\u00fccher.example/') === undefined) throw new Error(`Refused after ${n} times.`);
    }
  });

  it('are absolute, http or https, and with a host', () => {
    expect(webUrl(' https://a.example/p\n')).toBe('https://a.example/p');
    for (const url of [
      '',
      '/p',
      '//a.example',
      'ftp://a.example',
      'https://',
      'a.example',
      'blob:https://a.example/1',
    ])
      expect(webUrl(url)).toBeUndefined();
  });

  it('redirect in one line of ASCII', () => {
    expect(redirectLocation('https://a.example/\r\nX: y\u2028\u00e9')).toMatch(
      /^https:\/\/a\.example\/[!-~]+$/,
    );
  });

  it('are never dangerous, and dangerous ones never web URLs', () => {
    for (const url of ['javascript:1', 'data:,', 'vbscript:1', '\u0000java\u0000script:1']) {
      expect(isDangerous(url)).toBe(true);
      expect(webUrl(url)).toBeUndefined();
    }
    expect(isDangerous('https://a.example/javascript:1')).toBe(false);
  });
});
