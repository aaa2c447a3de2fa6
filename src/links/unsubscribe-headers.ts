import { parseUrl } from '../domain/parse-url';

/** Controls, angle brackets, commas and white space would end the header's line or its list. */
// eslint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u0020\u007f<>,]/;

export interface UnsubscribeAddresses {
  /** The page of this recipient, with its token. */
  readonly url: string;
  /** `mailto:…`, for clients that know only that. */
  readonly mailto?: string;
}

/**
 * The headers by which mail clients show their own unsubscribe button (RFC 2369, RFC 8058). One-click wants https, so a
 * page on http is only offered as a link. Both headers have to be covered by the DKIM signature of whoever signs.
 * @throws RangeError for an address that cannot stand in a header or has another scheme.
 */
export function unsubscribeHeaders({ url, mailto }: UnsubscribeAddresses): Record<string, string> {
  requireAddress(url, ['https:', 'http:']);
  if (mailto !== undefined) requireAddress(mailto, ['mailto:']);
  const list = [url, ...(mailto === undefined ? [] : [mailto])].map((one) => `<${one}>`).join(', ');
  return {
    'List-Unsubscribe': list,
    ...(new URL(url).protocol === 'https:' ? { 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' } : {}),
  };
}

function requireAddress(address: string, schemes: readonly string[]): void {
  const fits = !UNSAFE.test(address) && schemes.includes(parseUrl(address)?.protocol ?? '');
  if (!fits)
    throw new RangeError(`An unsubscribe address has to be one of ${schemes.join(', ')} and of one line.`);
}
