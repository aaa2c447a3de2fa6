/**
 * Clocks on walls: what time it is somewhere, and when it will be that time there. All by the tz data of the runtime's Intl;
 * no arithmetic of ours knows a rule of any zone.
 */
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Zones lie within UTC-12 and UTC+14, and hardly any changes its clock twice in two days. */
const AROUND_MS = 26 * HOUR_MS;

/** A day of the calendar, in days since 1970-01-01: days can be counted, whatever a clock does in them. */
export type CalendarDay = number;

export interface LocalTime {
  readonly day: CalendarDay;
  readonly minuteOfDay: number;
  /** 0 is Monday. */
  readonly weekday: number;
}

/** By name in small letters: Intl takes a name in any, and Europe/Amsterdam alone can be spelled in 32,768 ways. */
const formats = new Map<string, Intl.DateTimeFormat>();
/** 26 kB each, and there are 600 names; newer runtimes also know thousands of offsets such as +05:45. */
const MAX_FORMATS = 300;

/** True for a name that the runtime knows, such as Europe/Amsterdam or UTC. */
export function isZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** The time on the wall in a zone. Throws RangeError for a zone that `isZone` does not know. */
export function localTime(epochMs: number, zone: string): LocalTime {
  const wallMs = epochMs + offsetMs(epochMs, zone);
  const day = Math.floor(wallMs / DAY_MS);
  return { day, minuteOfDay: Math.floor((wallMs - day * DAY_MS) / MINUTE_MS), weekday: weekdayOf(day) };
}

export function weekdayOf(day: CalendarDay): number {
  // 1970-01-01 was a Thursday.
  return (((day + 3) % 7) + 7) % 7;
}

/**
 * When the clocks of a zone show this minute of this day, epoch ms. Where they show it twice (a clock set back), the first or
 * the last time; where never (a clock set forward, a day left out), the moment at which they jump over it. Minutes beyond
 * 1,439 are of the days after.
 */
export function instantOf(
  day: CalendarDay,
  minuteOfDay: number,
  zone: string,
  which: 'first' | 'last',
): number {
  const wallMs = day * DAY_MS + minuteOfDay * MINUTE_MS;
  const offsets = [wallMs - AROUND_MS, wallMs, wallMs + AROUND_MS].map((ms) => offsetMs(ms, zone));
  const instants = offsets.map((offset) => wallMs - offset);
  const shown = instants.filter((ms, index) => offsetMs(ms, zone) === offsets[index]);
  if (shown.length > 0) return which === 'first' ? Math.min(...shown) : Math.max(...shown);
  return jumpOver(wallMs, Math.min(...instants), Math.max(...instants), zone);
}

/** The first moment, to the second, at which the wall is past `wallMs`; it is between the two. */
function jumpOver(wallMs: number, beforeMs: number, afterMs: number, zone: string): number {
  let [low, high] = [Math.floor(beforeMs / 1_000), Math.ceil(afterMs / 1_000)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle * 1_000 + offsetMs(middle * 1_000, zone) >= wallMs) high = middle;
    else low = middle;
  }
  return high * 1_000;
}

/** How far a zone's clocks are ahead of UTC at a moment, in ms. */
function offsetMs(epochMs: number, zone: string): number {
  const seconds = Math.floor(epochMs / 1_000) * 1_000;
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(seconds)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - seconds;
}

/** Making a format costs a hundred times what using one does. */
function formatOf(zone: string): Intl.DateTimeFormat {
  const name = zone.toLowerCase();
  const known = formats.get(name);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: name, calendar: 'iso8601', numberingSystem: 'latn', hourCycle: 'h23' },
    ...{
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    },
  });
  const [oldest] = formats.keys();
  if (formats.size >= MAX_FORMATS && oldest !== undefined) formats.delete(oldest);
  formats.set(name, format);
  return format;
}
