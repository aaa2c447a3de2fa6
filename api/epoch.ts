/** From 2001 on: fewer digits are a year, a date (`20261231`) or a duration, and would be moments of 1970. */
const SECONDS = /^\d{10,11}(\.\d+)?$/;
const MILLISECONDS = /^\d{12,14}$/;

/**
 * Epoch ms of a moment that is written as a number. Courier's pages and SDKs have seconds in one place and ms in another, so its
 * length decides (courier-api.md §1.4): 10 or 11 digits are seconds, 12 to 14 ms. Undefined for any other text.
 */
export function epochMs(text: string): number | undefined {
  const digits = text.trim();
  if (MILLISECONDS.test(digits)) return Number(digits);
  return SECONDS.test(digits) ? Math.round(Number(digits) * 1_000) : undefined;
}
