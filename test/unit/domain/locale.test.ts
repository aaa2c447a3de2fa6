import { pickLocale } from '../../../src/domain/locale';

describe('pickLocale', () => {
  const available = ['en', 'de-DE', 'pt_BR', 'zh-Hant'];

  it.each([
    ['pt-br', 'pt_BR', 'case and separator do not matter'],
    ['de-DE', 'de-DE', 'exact'],
    ['en-GB', 'en', 'language'],
    ['zh-Hant-TW', 'zh-Hant', 'a wider form'],
    ['de', 'de-DE', 'another region of the language'],
    ['fr', 'en', 'the default'],
    ['', 'en', 'the default for nothing asked'],
  ])('gives for %s the locale %s: %s', (wanted, expected) => {
    expect(pickLocale(available, wanted, 'EN')).toBe(expected);
  });

  it('gives the default where nothing is wanted', () => {
    expect(pickLocale(available, undefined, 'EN')).toBe('en');
  });

  it('prefers the exact locale to its language, whatever the order', () => {
    expect(pickLocale(['en', 'en-GB'], 'en_gb', 'en')).toBe('en-GB');
    expect(pickLocale(['en-GB', 'en'], 'en_gb', 'en')).toBe('en-GB');
  });

  it('gives nothing where not even the default is there', () => {
    expect(pickLocale(['de'], 'fr', 'en')).toBeUndefined();
    expect(pickLocale([], 'fr', 'fr')).toBeUndefined();
  });

  it('does not take one language for another that begins alike', () => {
    expect(pickLocale(['deu', 'en'], 'de', 'en')).toBe('en');
  });
});
