import { type TestStack } from '../../support/stack';
import { startMeter, type Usage } from './meter';

export const PROCESSES = ['api', 'worker', 'temporal', 'postgres'] as const;
export type ProcessName = (typeof PROCESSES)[number];
export type UsageByProcess = Readonly<Record<ProcessName, Usage>>;

/** A meter for each process of the stack, with all below it: a Postgres is the sum of its backends. */
export async function startMeters(stack: TestStack): Promise<{ stop: () => Promise<UsageByProcess> }> {
  const pids = PROCESSES.map((name) => stack.pid(name));
  const meters = await Promise.all(pids.map((pid) => startMeter([pid], undefined)));
  return {
    stop: async () => {
      const usages = await Promise.all(meters.map((meter) => meter.stop()));
      const changed = PROCESSES.filter((name, place) => stack.pid(name) !== pids[place]);
      // A process that was started again has CPU and memory that nobody counted.
      if (changed.length > 0) throw new Error(`started again while measured: ${changed.join(', ')}`);
      return Object.fromEntries(PROCESSES.map((name, place) => [name, usages[place]])) as UsageByProcess;
    },
  };
}
