import fc from 'fast-check';
import { addUtm, utmFromBird, utmFromCourier } from '../../../src/links/utm';

const utm = { utm_source: 'news letter', utm_medium: 'email' };
const ADDED = 'utm_source=news%20letter&utm_medium=email';

describe('UTM parameters on a URL', () => {
  it.each([
    ['https://a.example', `https://a.example?${ADDED}`],
    ['https://a.example/', `https://a.example/?${ADDED}`],
    ['https://a.example/?', `https://a.example/?${ADDED}`],
    ['https://a.example/??', `https://a.example/??&${ADDED}`],
    ['https://a.example/p?x=1', `https://a.example/p?x=1&${ADDED}`],
    ['https://a.example/p?x=1&', `https://a.example/p?x=1&${ADDED}`],
    ['https://a.example/p#part', `https://a.example/p?${ADDED}#part`],
    [
      'https://a.example/p?x=a%20b+c&y=%E9&z#/route?q=1',
      `https://a.example/p?x=a%20b+c&y=%E9&z&${ADDED}#/route?q=1`,
    ],
    ['https://a.example/p?utm_source=mine', 'https://a.example/p?utm_source=mine&utm_medium=email'],
    ['https://a.example/p?UTM_Source=mine', 'https://a.example/p?UTM_Source=mine&utm_medium=email'],
    ['https://a.example/p?utm%5Fsource=mine', 'https://a.example/p?utm%5Fsource=mine&utm_medium=email'],
    ['https://a.example/p?utm_source', 'https://a.example/p?utm_source&utm_medium=email'],
    ['https://a.example/p?utm_source=a&utm_medium=b', 'https://a.example/p?utm_source=a&utm_medium=b'],
    ['https://a.example/utm_source=a/#utm_medium=b', `https://a.example/utm_source=a/?${ADDED}#utm_medium=b`],
    ['https://bücher.example/é?q=ü', `https://bücher.example/é?q=ü&${ADDED}`],
  ])('%s', (url, expected) => {
    expect(addUtm(url, utm)).toBe(expected);
  });

  it('keeps path, query and fragment letter for letter, adds each parameter once, and is done after one time', () => {
    const value = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), value, (url, source) => {
        const added = addUtm(url, { utm_source: source });
        const [page = '', ...fragment] = url.split('#');
        expect(added.startsWith(page)).toBe(true);
        expect(added.split('#').slice(1)).toEqual(fragment);
        expect(new URL(added).searchParams.getAll('utm_source')).toEqual([Buffer.from(source).toString()]);
        expect(addUtm(added, { utm_source: 'again' })).toBe(added);
      }),
    );
  });

  it('cannot be used to break out of the query', () => {
    const added = addUtm('https://a.example/', { utm_source: 'x&admin=1#frag"><', 'utm_a=b&c': 'v' });
    expect([...new URL(added).searchParams.keys()]).toEqual(['utm_source', 'utm_a=b&c']);
    expect(new URL(added).hash).toBe('');
    expect(added).not.toMatch(/["<>]/);
  });

  it('survives half a surrogate pair', () => {
    expect(addUtm('https://a.example', { utm_source: '\ud800' })).toBe(
      'https://a.example?utm_source=%EF%BF%BD',
    );
  });
});

describe("Bird's utmParameters", () => {
  const names = { platformName: 'email', channelName: 'Shop news' };

  it('takes values and resolves references', () => {
    const parameters = [
      { key: 'utm_source', reference: 'platform_name' as const },
      { key: 'utm_medium', reference: 'channel_name' as const },
      { key: 'utm_campaign', value: 'spring' },
    ];
    expect(utmFromBird(parameters, names)).toEqual({
      utm_source: 'email',
      utm_medium: 'Shop news',
      utm_campaign: 'spring',
    });
  });

  it('prefixes a bare key, prefers a value to a reference, and leaves out what says nothing', () => {
    const parameters = [
      { key: 'Source', value: 'one', reference: 'platform_name' as const },
      { key: 'term' },
      { key: 'content', value: '' },
    ];
    expect(utmFromBird(parameters, names)).toEqual({ utm_source: 'one' });
  });
});

describe("Courier's metadata.utm", () => {
  it('takes its five fields and no others', () => {
    const given = { source: 's', medium: 'm', campaign: 'c', term: 't', content: 'x', id: '9' };
    expect(utmFromCourier(given)).toEqual({
      utm_source: 's',
      utm_medium: 'm',
      utm_campaign: 'c',
      utm_term: 't',
      utm_content: 'x',
    });
    expect(utmFromCourier({})).toEqual({});
  });
});
