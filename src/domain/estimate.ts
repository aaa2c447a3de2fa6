import { FAN_OUTS, type FanOut } from './states';

/**
 * Recipients a second on one machine of 2 cores, by measurement (docs/benchmarks.md): what a caller can expect before anything
 * is known of the receivers. A rate limit of the channel, or a slow provider, makes it longer.
 */
const PER_SECOND: Readonly<Record<FanOut, number>> = { workflow: 50, page: 2_500 };

/** How long a job of so many recipients will take in each lane, in whole seconds, 1 at least. */
export function estimateSeconds(recipients: number): Record<FanOut, number> {
  const entries = FAN_OUTS.map((lane) => [lane, Math.max(1, Math.ceil(recipients / PER_SECOND[lane]))]);
  return Object.fromEntries(entries) as Record<FanOut, number>;
}
