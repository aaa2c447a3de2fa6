import { z } from 'zod';
import { hasCredentials, parseUrl } from '../../src/domain/parse-url';

/** Longer than any link that browsers and mail clients agree to open. */
const URL_MAX_CHARS = 2_048;
/** Schemes that run or reveal something where a link is opened; app schemes of the caller's own are fine. */
const DANGEROUS_SCHEMES = new Set(['javascript:', 'data:', 'vbscript:', 'file:', 'blob:']);

/** A URL that Volley itself calls or fetches: http or https, nothing else, and with no password, which the guard refuses. */
export const fetchableUrl = z
  .string()
  .max(URL_MAX_CHARS)
  .refine((text) => ['http:', 'https:'].includes(parseUrl(text)?.protocol ?? ''), {
    error: 'must be an absolute http or https URL',
  })
  .refine(
    (text) => {
      const url = parseUrl(text);
      return url === undefined || !hasCredentials(url);
    },
    { error: 'must have no user name or password in it' },
  )
  .meta({ format: 'uri', example: 'https://example.com' });

/** A URL that the reader of a message opens: any absolute one but those that run code. */
export const linkUrl = z
  .string()
  .max(URL_MAX_CHARS)
  .refine((text) => !DANGEROUS_SCHEMES.has(parseUrl(text)?.protocol ?? 'javascript:'), {
    error: 'must be an absolute URL, such as https://example.com/page',
  })
  .meta({ format: 'uri', example: 'https://example.com' });
