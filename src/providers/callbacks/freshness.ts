import { timingSafeEqual } from 'node:crypto';

/** Standard Webhooks' advice, taken for SendGrid too: longer than a slow hop, shorter than a stolen log is useful. */
const TOLERANCE_MS = 5 * 60_000;

/** True for epoch seconds, in plain digits, within five minutes of now, before or after. */
export function isFresh(timestamp: string, nowMs: number): boolean {
  return /^\d{1,12}$/.test(timestamp) && Math.abs(Number(timestamp) * 1000 - nowMs) <= TOLERANCE_MS;
}

/** A vendor's own time, unless it lies in the future by more than clocks differ. */
export function pastMs(atMs: number, nowMs: number): number {
  return Number.isFinite(atMs) && atMs > 0 && atMs <= nowMs + TOLERANCE_MS ? Math.round(atMs) : nowMs;
}

/** Compares two texts in a time that depends on their lengths alone. */
export function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
