/** The most of the moments (in ms, in any order) that fall into any window of `windowMs`, its end not included. */
export function mostInAnyWindow(momentsMs: readonly number[], windowMs: number): number {
  const sorted = momentsMs.toSorted((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [last, at] of sorted.entries()) {
    while (at - (sorted[first] ?? at) >= windowMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** How many of the moments fall into [fromMs, fromMs + forMs). */
export function countWithin(momentsMs: readonly number[], fromMs: number, forMs: number): number {
  return momentsMs.filter((at) => at >= fromMs && at < fromMs + forMs).length;
}
