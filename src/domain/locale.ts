/** `en_US`, `en-us` and `EN-us` are the same locale. */
function normalize(locale: string): string {
  return locale.trim().replaceAll('_', '-').toLowerCase();
}

/** `zh-hant-tw` gives `zh-hant-tw`, `zh-hant`, `zh`: what RFC 4647 calls lookup. */
function widened(locale: string): string[] {
  const parts = locale.split('-');
  return parts.map((_part, index) => parts.slice(0, parts.length - index).join('-'));
}

/**
 * The locale to use, spelled as in `available`: the wanted one, else a wider form of it, else another region of the same
 * language (the first by name, so that the choice is stable), else the fallback. Undefined where even that is not there.
 */
export function pickLocale(
  available: readonly string[],
  wanted: string | undefined,
  fallback: string,
): string | undefined {
  const sorted = [...available].sort();
  const exactly = (locale: string): string | undefined => sorted.find((one) => normalize(one) === locale);
  const normal = normalize(wanted ?? '');
  if (normal !== '') {
    for (const form of widened(normal)) {
      const found = exactly(form);
      if (found !== undefined) return found;
    }
    const language = normal.split('-')[0];
    const sibling = sorted.find((one) => normalize(one).split('-')[0] === language);
    if (sibling !== undefined) return sibling;
  }
  return exactly(normalize(fallback));
}
