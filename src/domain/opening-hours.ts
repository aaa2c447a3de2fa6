import { instantOf, localTime, weekdayOf } from './zoned-time';

export const DAYS = ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'] as const;
export type DayName = (typeof DAYS)[number];

const DAY_MINUTES = 24 * 60;
/** More than a week, so that the next opening of any hours that open at all is found; one spare for a day left out. */
const DAYS_AHEAD = 9;

/** Minutes of the day at which it opens and closes; a close beyond 1,440 is on the day after. */
type Span = readonly [fromMinute: number, toMinute: number];
/** Seven, Monday first. */
export type OpeningHours = readonly (readonly Span[])[];

const DAY_LIST = /^(?:(?:Mo|Tu|We|Th|Fr|Sa|Su)(?:-(?:Mo|Tu|We|Th|Fr|Sa|Su))?(?:\s*,\s*|$|(?=\s)))+/i;
/**
 * A time of 24 hours. The am or pm of its own half of the day says nothing more (`Mo-Fr 08:00-18:00pm` is the example of Courier's
 * SDK 6); any other could be a time of 12 hours, and is none.
 */
const TIME = String.raw`(?:0?\d|1[01]):[0-5]\d(?:\s*am)?|(?:1[2-9]|2[0-3]):[0-5]\d(?:\s*pm)?|24:00`;
const SPAN = new RegExp(String.raw`^(${TIME})\s*-\s*(${TIME})$`, 'i');

/**
 * Reads the part of OpenStreetMap's opening_hours that Courier's `delay.until` uses: `Mo-Fr 08:00-18:00; Sa 10:00-14:00`,
 * `22:00-02:00`, `24/7`, `Su off`. A later rule replaces an earlier one for its days. Undefined for anything else, and for
 * hours that never open.
 */
export function parseOpeningHours(text: string): OpeningHours | undefined {
  const hours: (readonly Span[])[] = DAYS.map(() => []);
  for (const rule of text.split(';').map((part) => part.trim())) {
    if (rule === '' && text.trim() !== '') continue;
    const read = readRule(rule);
    if (!read) return undefined;
    for (const day of read.days) hours[day] = read.spans;
  }
  return hours.some((spans) => spans.length > 0) ? hours : undefined;
}

function readRule(rule: string): { days: readonly number[]; spans: readonly Span[] } | undefined {
  if (rule === '24/7') return { days: ALL_DAYS, spans: [[0, DAY_MINUTES]] };
  const named = DAY_LIST.exec(rule)?.[0] ?? '';
  const times = rule.slice(named.length).trim();
  const days =
    named === ''
      ? ALL_DAYS
      : named
          .trim()
          .split(/\s*,\s*/)
          .flatMap(readDays);
  if (/^(off|closed)$/i.test(times)) return { days, spans: [] };
  if (times === '' && named !== '') return { days, spans: [[0, DAY_MINUTES]] };
  const spans = times.split(/\s*,\s*/).map(readSpan);
  return spans.every((span) => span !== undefined) ? { days, spans } : undefined;
}

const ALL_DAYS = [0, 1, 2, 3, 4, 5, 6];

/** `Fr-Mo` goes over the week's end. */
function readDays(text: string): number[] {
  const [from = 0, to = from] = text.split('-').map((name) => DAYS.findIndex((day) => same(day, name)));
  return ALL_DAYS.map((step) => (from + step) % 7).slice(0, ((to - from + 7) % 7) + 1);
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function readSpan(text: string): Span | undefined {
  const [, opens, closes] = SPAN.exec(text) ?? [];
  if (opens === undefined || closes === undefined) return undefined;
  const [from, to] = [minuteOf(opens), minuteOf(closes)];
  if (from >= DAY_MINUTES || from === to) return undefined;
  return [from, to > from ? to : to + DAY_MINUTES];
}

function minuteOf(time: string): number {
  const [hour = '', minute = ''] = time.split(':');
  return Number.parseInt(hour, 10) * 60 + Number.parseInt(minute, 10);
}

/** When it is next open in this zone: `nowMs` itself while open. The opening is inside, the close is not (courier-api.md §1.5). */
export function nextOpeningMs(hours: OpeningHours, nowMs: number, zone: string): number {
  const today = localTime(nowMs, zone).day;
  let next = Infinity;
  for (let day = today - 2; day <= today + DAYS_AHEAD; day += 1) {
    for (const [from, to] of hours[weekdayOf(day)] ?? []) {
      const openMs = instantOf(day, from, zone, 'first');
      const closeMs = instantOf(day, to, zone, 'last');
      if (closeMs > nowMs && closeMs > openMs) next = Math.min(next, Math.max(nowMs, openMs));
    }
    if (next <= nowMs) return nowMs;
    if (next < Infinity && day > today + 1) break;
  }
  return next;
}
