import { heartbeat } from '@temporalio/activity';

/** Well inside the 10 s after which an activity that calls providers counts as dead (workflows/activities.ts). */
const HEARTBEAT_MS = 2_000;

/** Runs the work of an activity and says all the while that it is alive. */
export async function whileBeating<T>(work: () => Promise<T>): Promise<T> {
  const beat = setInterval(() => heartbeat(), HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}
