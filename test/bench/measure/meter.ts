import { cpuSecondsOf, residentBytesOf } from './process-tree';

/** Often enough for a peak that lasts, and cheap beside what is measured. */
const SAMPLE_MS = 500;

export interface Usage {
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  /** What the store wrote to be durable, by its own count; undefined where it keeps none. */
  readonly storeBytes: number | undefined;
}

/** Begins to measure a contestant: its own process and those of the services that it uses, with all below them. */
export async function startMeter(
  pids: readonly number[],
  storeBytes: (() => Promise<number>) | undefined,
): Promise<{ stop: () => Promise<Usage> }> {
  const bytesBefore = await storeBytes?.();
  const cpuBefore = cpuSecondsOf(pids);
  let peakBytes = residentBytesOf(pids);
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentBytesOf(pids));
  }, SAMPLE_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      const cpuSeconds = cpuSecondsOf(pids) - cpuBefore;
      peakBytes = Math.max(peakBytes, residentBytesOf(pids));
      const bytesAfter = await storeBytes?.();
      const written =
        bytesAfter === undefined || bytesBefore === undefined ? undefined : bytesAfter - bytesBefore;
      return { cpuSeconds, peakBytes, storeBytes: written };
    },
  };
}
