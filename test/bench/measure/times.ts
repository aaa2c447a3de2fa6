/** Times of one thing that was done many times, in ms. */
export interface Times {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Nearest rank: with fewer than 100 values the p99 is the largest. */
export function summarise(ms: readonly number[]): Times {
  const sorted = ms.toSorted((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
  return { count: sorted.length, p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max: rank(1) };
}

/** Runs `work` for each item, one after the other, after the given number of rounds that do not count. */
export async function timeEach<T>(
  items: readonly T[],
  warmUp: number,
  work: (item: T) => Promise<void>,
): Promise<Times> {
  const ms: number[] = [];
  for (const item of items.slice(0, warmUp)) await work(item);
  for (const item of items) {
    const start = performance.now();
    await work(item);
    ms.push(performance.now() - start);
  }
  return summarise(ms);
}
