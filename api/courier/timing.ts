import { type ErrorDetail } from '../../src/domain/errors';

/** Courier's own bound (courier-api.md §1.5). */
const DELAY_MAX_MS = 90 * 86_400_000;
const MINUTE_MS = 60_000;
/** Weeks, days, hours, minutes, seconds: years and months have no fixed length. */
const DURATION = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;
const UNITS_MS = [7 * 86_400_000, 86_400_000, 3_600_000, MINUTE_MS, 1_000];
const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

type Bag = Readonly<Record<string, unknown>> | null | undefined;

export interface Timing {
  readonly notBeforeMs?: number;
  readonly validUntilMs?: number;
}

/**
 * When a send may begin and when it is worth nothing any more. `delay.duration` (ms, rounded up to the next minute, as at
 * Courier) or `delay.until` (ISO-8601); `expiry.expires_at`, `expiry.expires_in` (ms or an ISO duration) and
 * `timeout.message` (ms), the earliest of them, counted from when the message may begin.
 */
export function readTiming(
  given: { delay?: Bag; expiry?: Bag; timeout?: Bag },
  acceptedAtMs: number,
): { timing: Timing; problems: readonly ErrorDetail[] } {
  const problems: ErrorDetail[] = [];
  const refuse = (at: string, problem: string): undefined =>
    void problems.push({ at: `message.${at}`, problem });
  const notBeforeMs = readDelay(given.delay ?? {}, acceptedAtMs, refuse);
  const fromMs = notBeforeMs ?? acceptedAtMs;
  const ends = [
    readMoment(given.expiry?.['expires_at'], (problem) => refuse('expiry.expires_at', problem)),
    after(
      fromMs,
      readSpan(given.expiry?.['expires_in'], (problem) => refuse('expiry.expires_in', problem)),
    ),
    after(
      fromMs,
      readMs(given.timeout?.['message'], (problem) => refuse('timeout.message', problem)),
    ),
  ].filter((end) => end !== undefined);
  const timing = {
    ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
    ...(ends.length === 0 ? {} : { validUntilMs: Math.min(...ends) }),
  };
  return { timing, problems };
}

type Refuse = (problem: string) => undefined;

function readDelay(
  delay: Readonly<Record<string, unknown>>,
  nowMs: number,
  refuse: (at: string, problem: string) => undefined,
): number | undefined {
  const durationMs = readMs(delay['duration'], (problem) => refuse('delay.duration', problem));
  const untilMs = readMoment(delay['until'], (problem) => refuse('delay.until', problem));
  const wholeMs =
    durationMs === undefined ? undefined : nowMs + Math.ceil(durationMs / MINUTE_MS) * MINUTE_MS;
  const beginMs = wholeMs ?? untilMs;
  if (beginMs !== undefined && beginMs - nowMs > DELAY_MAX_MS)
    return refuse('delay', 'is more than 90 days ahead');
  return beginMs !== undefined && beginMs > nowMs ? beginMs : undefined;
}

function after(fromMs: number, spanMs: number | undefined): number | undefined {
  return spanMs === undefined ? undefined : fromMs + spanMs;
}

function readMs(value: unknown, refuse: Refuse): number | undefined {
  if (value == null) return undefined;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= 10 * 365 * 86_400_000)
    return value;
  return refuse('must be a number of ms');
}

function readMoment(value: unknown, refuse: Refuse): number | undefined {
  if (value == null) return undefined;
  const ms = typeof value === 'string' && ISO.test(value) ? Date.parse(value) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  return refuse(
    'must be a date and time of ISO-8601, such as 2025-06-22T23:40:44Z; opening hours are not supported yet',
  );
}

function readSpan(value: unknown, refuse: Refuse): number | undefined {
  if (typeof value !== 'string') return readMs(value, refuse);
  const parts = DURATION.exec(value)?.slice(1);
  if (!parts?.some((part) => part !== undefined))
    return refuse('must be a number of ms, or a duration such as P1DT2H');
  return parts.reduce((sum, part, index) => sum + Number(part ?? 0) * (UNITS_MS[index] ?? 0), 0);
}
