const SECONDS = /^\d{1,11}(\.\d+)?$/;
const MILLISECONDS = /^\d{12,14}$/;

/**
 * Epoch ms of a moment that is written as a number. Courier's pages and SDKs have seconds in one place and ms in another, so its
 * length decides (courier-api.md §1.4): up to 11 digits are seconds, 12 to 14 ms. Undefined for any other text.
 */
export function epochMs(text: string): number | undefined {
  const digits = text.trim();
  if (MILLISECONDS.test(digits)) return Number(digits);
  return SECONDS.test(digits) ? Math.round(Number(digits) * 1_000) : undefined;
}
