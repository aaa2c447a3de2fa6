/** No vendor holds up a message for longer than this by a header; a garbled date must not park it for a year. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * `Retry-After` (RFC 9110 10.2.3) as ms from `nowMs`: whole seconds or an HTTP date. Clamped to an hour; undefined where
 * the header is absent, negative, in the past or garbage, so that our own backoff applies.
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,12}$/.test(text)) return Math.min(Number(text) * 1000, MAX_RETRY_AFTER_MS);
  // Only the IMF-fixdate form: `Date.parse` alone would take "-5", "1.5" or "tomorrow 2030" for dates.
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined;
  const waitMs = Date.parse(text) - nowMs;
  return waitMs > 0 ? Math.min(waitMs, MAX_RETRY_AFTER_MS) : undefined;
}
