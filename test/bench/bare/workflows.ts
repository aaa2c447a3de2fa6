/** The yardstick: a parent that keeps `window` children going, each with one activity that does nothing. */
import { executeChild, proxyActivities } from '@temporalio/workflow';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({ startToCloseTimeout: '1 minute' });

export async function bareParent(count: number, window: number): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await executeChild(bareChild);
    }
  };
  await Promise.all(Array.from({ length: window }, lane));
}

export async function bareChild(): Promise<void> {
  await nothing();
}
