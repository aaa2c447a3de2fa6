import { type ErrorDetail } from '../../src/domain/errors';
import { type DelayWish } from '../../src/domain/gate-wishes';
import { parseOpeningHours } from '../../src/domain/opening-hours';
import { instantOf, isZone } from '../../src/domain/zoned-time';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Courier's bound for a delay (courier-api.md §1.5). */
const MAX_AHEAD_MS = 90 * DAY_MS;

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/i;

export interface DelayFields {
  readonly duration?: number | null | undefined;
  readonly until?: string | null | undefined;
  readonly timezone?: string | null | undefined;
}

/**
 * Courier's `delay`: a duration in ms, rounded up to the next minute; or `until`, a moment in ISO 8601 (without an offset by
 * the clock of `timezone`, else UTC) or opening hours. 90 days ahead at most. A moment that is past delays nothing.
 */
export function readDelay(
  delay: DelayFields,
  at: string,
  nowMs: number,
): { delay?: DelayWish; problems: readonly ErrorDetail[] } {
  const { duration, until, timezone } = delay;
  if (timezone != null && !isZone(timezone)) {
    const problem = 'is no time zone of the tz database, such as Europe/Amsterdam';
    return { problems: [{ at: `${at}.timezone`, problem }] };
  }
  const zone = timezone ?? undefined;
  const tooFar = 'is more than 90 days ahead';
  if (duration != null && duration > MAX_AHEAD_MS)
    return { problems: [{ at: `${at}.duration`, problem: tooFar }] };
  const durationMs = duration ? Math.ceil(duration / MINUTE_MS) * MINUTE_MS : undefined;
  const untilMs = until == null ? undefined : momentOf(until, zone ?? 'UTC');
  if (untilMs !== undefined && untilMs - nowMs > MAX_AHEAD_MS)
    return { problems: [{ at: `${at}.until`, problem: tooFar }] };
  const hours = until != null && untilMs === undefined ? until : undefined;
  if (hours !== undefined && !parseOpeningHours(hours)) {
    const problem = 'is neither a date and time of ISO 8601 nor opening hours such as Mo-Fr 08:00-18:00';
    return { problems: [{ at: `${at}.until`, problem }] };
  }
  return {
    delay: {
      ...(durationMs === undefined ? {} : { durationMs }),
      ...(untilMs === undefined ? {} : { untilMs }),
      ...(hours === undefined ? {} : { hours, ...(zone === undefined ? {} : { zone }) }),
    },
    problems: [],
  };
}

/** Epoch ms of a date and time; undefined for a text that is none. A date alone is its midnight. */
export function momentOf(text: string, zone: string): number | undefined {
  const [, year, month, day, hour = '0', minute = '0', second = '0', offset] = ISO.exec(text.trim()) ?? [];
  if (year === undefined) return undefined;
  const dayMs = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const isDay = new Date(dayMs).getUTCDate() === Number(day) && Number(month) <= 12;
  if (!isDay || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const minuteOfDay = Number(hour) * 60 + Number(minute);
  const secondMs = Number(second) * 1_000;
  if (offset !== undefined) return dayMs + minuteOfDay * MINUTE_MS + secondMs - offsetMs(offset);
  return instantOf(dayMs / DAY_MS, minuteOfDay, zone, 'first') + secondMs;
}

function offsetMs(text: string): number {
  const [, sign, hours = 0, minutes = 0] = /^([+-])(\d\d):?(\d\d)$/.exec(text) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
}
