import { DAYS, type DayName } from './opening-hours';
import { instantOf, localTime, weekdayOf } from './zoned-time';

/** When a workspace's recipients want to be left alone, by the clock of each. */
export interface QuietHours {
  /** `HH:MM`. An end that is not after the start is on the day after. */
  readonly start: string;
  readonly end: string;
  /** Days on which they begin; absent: all. */
  readonly days?: readonly DayName[] | undefined;
  /** For recipients of whom no zone is known; absent: UTC. */
  readonly zone?: string | undefined;
}

const DAY_MINUTES = 24 * 60;
/** Quiet hours that end where the next begin (a clock that jumps over the gap between them) join; a week of them is a mistake. */
const MAX_JOINED = 8;

/**
 * The end of the quiet hours that it is in now, epoch ms; undefined outside them. In doubt it is quiet: where a clock shows the
 * start twice they begin the first time, and where it shows the end twice they end the last.
 */
export function quietUntilMs(quiet: QuietHours, nowMs: number, zone: string): number | undefined {
  let untilMs = nowMs;
  for (let joined = 0; joined < MAX_JOINED; joined += 1) {
    const endMs = endOfQuiet(quiet, untilMs, zone);
    if (endMs === undefined) break;
    untilMs = endMs;
  }
  return untilMs > nowMs ? untilMs : undefined;
}

function endOfQuiet(quiet: QuietHours, atMs: number, zone: string): number | undefined {
  const start = minuteOf(quiet.start);
  const end = minuteOf(quiet.end);
  const today = localTime(atMs, zone).day;
  // Two days back: quiet hours of the day before yesterday reach today where a whole day is left out between.
  for (let day = today - 2; day <= today + 1; day += 1) {
    if (quiet.days && !quiet.days.includes(DAYS[weekdayOf(day)] ?? 'Mo')) continue;
    const startMs = instantOf(day, start, zone, 'first');
    const endMs = instantOf(day, end > start ? end : end + DAY_MINUTES, zone, 'last');
    if (startMs <= atMs && atMs < endMs) return endMs;
  }
  return undefined;
}

function minuteOf(text: string): number {
  const [hour = 0, minute = 0] = text.split(':').map(Number);
  return hour * 60 + minute;
}
