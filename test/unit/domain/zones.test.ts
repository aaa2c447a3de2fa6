import fc from 'fast-check';
import { DAYS, nextOpeningMs, parseOpeningHours } from '../../../src/domain/opening-hours';
import { quietUntilMs } from '../../../src/domain/quiet-hours';
import { recipientZone } from '../../../src/domain/recipient-zone';
import { instantOf, isZone, localTime, weekdayOf } from '../../../src/domain/zoned-time';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Odd offsets, half-hour clock changes, no changes, a day that was left out, and both ends of the date line. */
const ZONES = [
  ...['UTC', 'Europe/Amsterdam', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia', 'Australia/Lord_Howe'],
  ...['America/St_Johns', 'Asia/Kolkata', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Africa/Casablanca'],
];
const zone = fc.constantFrom(...ZONES);
const moment = fc.integer({ min: Date.UTC(2005, 0), max: Date.UTC(2037, 0) });
const day = fc.integer({ min: Date.UTC(2005, 0) / DAY_MS, max: Date.UTC(2037, 0) / DAY_MS });
const minute = fc.integer({ min: 0, max: 1_439 });
const dayOf = (year: number, month: number, date: number): number => Date.UTC(year, month - 1, date) / DAY_MS;
const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.000Z$/, 'Z');
const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

describe('what is kept of zones', () => {
  const made = () => jest.spyOn(Intl, 'DateTimeFormat');
  afterEach(() => jest.restoreAllMocks());

  test('is one format a zone, in whatever letters it is spelled', () => {
    isZone('Europe/Tallinn');
    const formats = made();
    const spelled = Array.from({ length: 2 ** 10 }, (_, bits) =>
      [...'europe/tallinn'].map((c, n) => ((bits >> n) & 1 ? c.toUpperCase() : c)).join(''),
    );
    expect(spelled.every(isZone)).toBe(true);
    expect(localTime(0, 'EUROPE/TALLINN')).toEqual(localTime(0, 'Europe/Tallinn'));
    expect(formats).not.toHaveBeenCalled();
  });

  test('is bounded: of more zones than anybody uses at once the oldest are forgotten', () => {
    const names = Intl.supportedValuesOf('timeZone');
    for (const name of names) isZone(name);
    const formats = made();
    for (const name of names.toReversed()) isZone(name);
    expect(formats.mock.calls.length).toBeGreaterThan(0);
  });
});

describe('a clock on the wall', () => {
  test('a moment read off the wall leads back to it, or to the other time that the clock shows it', () => {
    fc.assert(
      fc.property(moment, zone, (ms, name) => {
        const wall = localTime(ms, name);
        const wholeMs = Math.floor(ms / 60_000) * 60_000;
        const both = (['first', 'last'] as const).map((w) => instantOf(wall.day, wall.minuteOfDay, name, w));
        expect(both.some((it) => Math.abs(it - wholeMs) < 60_000)).toBe(true);
      }),
    );
  });

  test('an instant shows the minute asked for, or is where the clock jumps over it', () => {
    fc.assert(
      fc.property(day, minute, zone, fc.constantFrom('first', 'last'), (ofDay, ofMinute, name, which) => {
        const ms = instantOf(ofDay, ofMinute, name, which);
        const asked = ofDay * 1_440 + ofMinute;
        const at = (it: number) => localTime(it, name).day * 1_440 + localTime(it, name).minuteOfDay;
        expect(at(ms)).toBeGreaterThanOrEqual(asked);
        if (at(ms) !== asked) expect(at(ms - 1_000)).toBeLessThan(asked);
      }),
    );
  });

  test.each([
    [
      'a gap: the moment of the jump',
      'Europe/Amsterdam',
      dayOf(2026, 3, 29),
      150,
      'first',
      '2026-03-29T01:00:00Z',
    ],
    ['the same, last', 'Europe/Amsterdam', dayOf(2026, 3, 29), 150, 'last', '2026-03-29T01:00:00Z'],
    ['an overlap, first', 'Europe/Amsterdam', dayOf(2026, 10, 25), 150, 'first', '2026-10-25T00:30:00Z'],
    ['an overlap, last', 'Europe/Amsterdam', dayOf(2026, 10, 25), 150, 'last', '2026-10-25T01:30:00Z'],
    ['a quarter hour', 'Asia/Kathmandu', dayOf(2026, 1, 1), 0, 'first', '2025-12-31T18:15:00Z'],
    ['a day left out', 'Pacific/Apia', dayOf(2011, 12, 30), 720, 'first', '2011-12-30T10:00:00Z'],
    ['half an hour back', 'Australia/Lord_Howe', dayOf(2026, 4, 5), 105, 'last', '2026-04-04T15:15:00Z'],
  ] as const)('%s', (_name, name, ofDay, ofMinute, which, expected) => {
    expect(iso(instantOf(ofDay, ofMinute, name, which))).toBe(expected);
  });

  test('days of the week are those of the calendar', () => {
    expect(DAYS[weekdayOf(dayOf(2026, 6, 16))]).toBe('Tu');
    expect(DAYS[weekdayOf(dayOf(1969, 12, 28))]).toBe('Su');
  });

  test('a name that is no zone is none', () => {
    expect(['Europe/Amsterdam', 'UTC', 'Mars/Olympus', '', '../etc'].map(isZone)).toEqual([
      ...[true, true, false, false, false],
    ]);
  });
});

describe('quiet hours', () => {
  const shows = (ms: number, name: string, start: number, end: number): boolean => {
    const { minuteOfDay } = localTime(ms, name);
    return end > start
      ? minuteOfDay >= start && minuteOfDay < end
      : minuteOfDay >= start || minuteOfDay < end;
  };

  test('never end while a clock shows them, and it is never quiet for longer than they last and a jump', () => {
    fc.assert(
      fc.property(moment, zone, minute, minute, (ms, name, start, end) => {
        fc.pre(start !== end);
        const untilMs = quietUntilMs({ start: clock(start), end: clock(end) }, ms, name);
        if (untilMs === undefined) {
          expect(shows(ms, name, start, end)).toBe(false);
        } else {
          expect(untilMs).toBeGreaterThan(ms);
          expect(shows(untilMs, name, start, end)).toBe(false);
          expect(untilMs - ms).toBeLessThan(2 * DAY_MS);
          // Asked again when they end, they have ended.
          expect(quietUntilMs({ start: clock(start), end: clock(end) }, untilMs, name)).toBeUndefined();
        }
      }),
      { numRuns: 300 },
    );
  });

  const night = { start: '21:00', end: '08:00' };
  test.each([
    ['a night with a clock set forward', 'Europe/Amsterdam', '2026-03-28T22:00:00Z', '2026-03-29T06:00:00Z'],
    ['a night with a clock set back', 'Europe/Amsterdam', '2026-10-24T22:00:00Z', '2026-10-25T07:00:00Z'],
    ['the start is inside', 'UTC', '2026-01-01T21:00:00Z', '2026-01-02T08:00:00Z'],
    ['the end is not', 'UTC', '2026-01-02T08:00:00Z', undefined],
    ['before a day left out', 'Pacific/Apia', '2011-12-30T09:00:00Z', '2011-12-30T18:00:00Z'],
  ])('%s', (_name, name, at, until) => {
    const untilMs = quietUntilMs(night, Date.parse(at), name);
    expect(untilMs === undefined ? undefined : iso(untilMs)).toBe(until);
  });

  test('an end that is shown twice counts the last time, a start the first', () => {
    const at = Date.parse('2026-10-25T01:10:00Z');
    expect(quietUntilMs({ start: '23:00', end: '02:30' }, at, 'Europe/Amsterdam')).toBe(at + 20 * 60_000);
    const first = Date.parse('2026-10-25T00:40:00Z');
    expect(quietUntilMs({ start: '02:30', end: '05:00' }, first, 'Europe/Amsterdam')).toBeDefined();
    expect(
      quietUntilMs({ start: '02:30', end: '05:00' }, first + HOUR_MS / 2, 'Europe/Amsterdam'),
    ).toBeDefined();
  });

  test('days are those on which they begin', () => {
    const saturday = { ...night, days: ['Sa' as const] };
    expect(quietUntilMs(saturday, Date.parse('2026-06-21T03:00:00Z'), 'UTC')).toBeDefined();
    expect(quietUntilMs(saturday, Date.parse('2026-06-21T22:00:00Z'), 'UTC')).toBeUndefined();
  });
});

describe('opening hours', () => {
  const next = (text: string, at: string, name = 'UTC'): string => {
    const hours = parseOpeningHours(text);
    if (!hours) throw new Error(`cannot be read: ${text}`);
    return iso(nextOpeningMs(hours, Date.parse(at), name));
  };
  // 2026-06-16 is a Tuesday.
  test.each([
    ['Mo-Fr 08:00-18:00', '2026-06-16T08:00:00Z', '2026-06-16T08:00:00Z'],
    ['Mo-Fr 08:00-18:00', '2026-06-16T18:00:00Z', '2026-06-17T08:00:00Z'],
    ['Mo-Fr 08:00-18:00', '2026-06-19T18:00:00Z', '2026-06-22T08:00:00Z'],
    ['Mo-Fr 08:00-12:00, 13:00-18:00', '2026-06-16T12:30:00Z', '2026-06-16T13:00:00Z'],
    ['Mo,We 09:00-10:00', '2026-06-16T09:00:00Z', '2026-06-17T09:00:00Z'],
    ['Fr-Mo 09:00-10:00', '2026-06-16T09:00:00Z', '2026-06-19T09:00:00Z'],
    ['22:00-02:00', '2026-06-16T01:00:00Z', '2026-06-16T01:00:00Z'],
    ['22:00-02:00', '2026-06-16T02:00:00Z', '2026-06-16T22:00:00Z'],
    ['24/7', '2026-06-16T03:00:00Z', '2026-06-16T03:00:00Z'],
    ['08:00-18:00; Tu off', '2026-06-16T09:00:00Z', '2026-06-17T08:00:00Z'],
    ['mo-fr 08:00-18:00', '2026-06-16T05:00:00Z', '2026-06-16T08:00:00Z'],
    ['Tu 00:00-24:00', '2026-06-17T00:00:00Z', '2026-06-23T00:00:00Z'],
    ['Su', '2026-06-16T00:00:00Z', '2026-06-21T00:00:00Z'],
    ['Mo-Fr 08:00-18:00pm', '2026-06-16T18:00:00Z', '2026-06-17T08:00:00Z'],
    ['08:00am-12:00 PM, 13:00-18:00pm', '2026-06-16T12:30:00Z', '2026-06-16T13:00:00Z'],
    ['0:30AM-9:00am', '2026-06-16T09:00:00Z', '2026-06-17T00:30:00Z'],
  ])('%s at %s opens at %s', (text, at, expected) => {
    expect(next(text, at)).toBe(expected);
  });

  test.each([
    '',
    'Mo',
    'Mo-Fr',
    'off',
    'PH off',
    'Jan 08:00-10:00',
    'Mo-Fr 8-18',
    '25:00-26:00',
    '08:00-08:00',
    '08:00am-06:00pm',
    '12:00am-06:00',
    '08:00-18:00am',
    '08:00-24:00pm',
    '08:00-18:00 p',
  ])('%j is read or refused, never guessed', (text) => {
    expect(parseOpeningHours(text) !== undefined).toBe(/^Mo(-Fr)?$/.test(text));
  });

  test('the next opening is open, and nothing before it is', () => {
    fc.assert(
      fc.property(
        moment,
        zone,
        fc.integer({ min: 0, max: 22 }),
        fc.integer({ min: 1, max: 23 }),
        (ms, name, a, b) => {
          fc.pre(a !== b);
          const hours = parseOpeningHours(`Mo-Sa ${clock(a * 60)}-${clock(b * 60)}`);
          if (!hours) throw new Error('cannot be read');
          const openMs = nextOpeningMs(hours, ms, name);
          expect(nextOpeningMs(hours, openMs, name)).toBe(openMs);
          expect(openMs - ms).toBeLessThan(4 * DAY_MS);
          const betweenMs = ms + Math.floor((openMs - ms) / 2);
          if (openMs > ms) expect(nextOpeningMs(hours, betweenMs, name)).toBe(openMs);
        },
      ),
    );
  });
});

test("a recipient's clock is the profile's, else the phone's country's, else unknown", () => {
  expect(recipientZone({ timezone: 'Asia/Tokyo', phone: '+31612345678' })).toBe('Asia/Tokyo');
  expect(recipientZone({ timezone: 'Mars/Olympus', phone: '+31612345678' })).toBe('Europe/Amsterdam');
  expect(recipientZone({ phone: '0031612345678' })).toBe('Europe/Amsterdam');
  expect(recipientZone({ phone: '+12125551234' })).toBe('America/New_York');
  expect(recipientZone({ phone: '+9779812345678' })).toBe('Asia/Kathmandu');
  expect(recipientZone({ phone: 'nonsense' })).toBeUndefined();
  expect(recipientZone({})).toBeUndefined();
});
