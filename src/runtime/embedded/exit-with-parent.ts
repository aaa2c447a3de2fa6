import { SUPERVISED_VARIABLE } from './launch';

/** Time to drain once the supervisor is gone: nobody restarts us, and the next start waits for our ports. */
const GRACE_MS = 10_000;

/**
 * For our own processes: once the supervisor that started this one is gone, even by SIGKILL, go the way of a SIGTERM,
 * and leave after 10 s whatever is still open. Does nothing in a process that nobody supervises. Call it first: until a
 * handler of SIGTERM is in place nothing is under way, and the signal ends the process at once.
 */
export function exitWithParent(graceMs = GRACE_MS): void {
  // The mark may have been inherited from further up; without a channel of its own nobody supervises this process.
  if (process.env[SUPERVISED_VARIABLE] !== '1' || process.connected === undefined) return;
  const leave = () => {
    setTimeout(() => process.exit(1), graceMs).unref();
    process.kill(process.pid, 'SIGTERM');
  };
  if (!process.connected) return leave();
  process.once('disconnect', leave);
  // The channel alone is no reason to live on after a drain.
  process.channel?.unref();
}
