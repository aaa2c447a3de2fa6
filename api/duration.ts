/** By the letters that ISO 8601 has for them. */
export const UNIT_MS: Readonly<Record<string, number>> = {
  ...{ W: 604_800_000, D: 86_400_000, H: 3_600_000, M: 60_000, S: 1_000 },
};
/** Weeks down to seconds: how long a year or a month is depends on which. */
const DURATION = /^P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?$/i;

/** The ms of a duration of ISO 8601, such as `P1DT4H`; undefined for any other text. */
export function durationMs(text: string): number | undefined {
  const [whole, ...given] = DURATION.exec(text.trim()) ?? [];
  if (whole === undefined || given.every((part) => part === undefined)) return undefined;
  return Object.values(UNIT_MS).reduce((sum, unitMs, index) => sum + unitMs * Number(given[index] ?? 0), 0);
}
