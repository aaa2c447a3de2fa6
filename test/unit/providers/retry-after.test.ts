import { parseRetryAfter } from '../../../src/providers/retry-after';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');

test.each([
  ['0', 0],
  ['120', 120_000],
  [' 7 ', 7_000],
  ['3600', 3_600_000],
  ['86400', 3_600_000],
  ['999999999999', 3_600_000],
  ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
  ['Sun, 01 Mar 2099 12:00:30 GMT', 3_600_000],
])('%j is %d ms, an hour at most', (header, waitMs) => expect(parseRetryAfter(header, NOW_MS)).toBe(waitMs));

test.each([
  undefined,
  '',
  '-5',
  '1.5',
  '1e3',
  'soon',
  '0x10',
  '٣',
  '9'.repeat(400),
  'Sun, 01 Mar 2026 11:59:59 GMT',
  'Sun, 99 Foo 2026 12:00:30 GMT',
  '2026-03-02',
])('%j is ignored', (header) => expect(parseRetryAfter(header, NOW_MS)).toBeUndefined());
