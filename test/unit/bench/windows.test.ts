import { countWithin, mostInAnyWindow } from '../../bench/measure/windows';

/** A limit is judged by the busiest second, wherever that begins. */
test('a burst across the turn of a second counts as one', () => {
  const burst = [900, 950, 999, 1_000, 1_050, 1_100];
  expect(mostInAnyWindow(burst, 1_000)).toBe(6);
  expect(mostInAnyWindow([...burst].reverse(), 1_000)).toBe(6);
});

test('two moments exactly one window apart are not in one', () => {
  expect(mostInAnyWindow([0, 1_000, 2_000], 1_000)).toBe(1);
  expect(mostInAnyWindow([0, 999.9, 1_000], 1_000)).toBe(2);
  expect(mostInAnyWindow([], 1_000)).toBe(0);
});

test('what was used is counted from the first moment to before the last', () => {
  expect(countWithin([99, 100, 150, 199, 200], 100, 100)).toBe(3);
});
