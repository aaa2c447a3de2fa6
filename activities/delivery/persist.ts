import { setTimeout as sleep } from 'node:timers/promises';
import { isLasting } from '../../src/ledger/sql-state';

/** A ledger that is away for a moment should not put calls in doubt whose answers are known. */
const RETRY_MS = 250;
const GIVE_UP_MS = 60_000;

/**
 * Writes an outcome that is in hand, again and again for a minute while the ledger is away. Every way of writing one may be repeated: one
 * that is written already stays as it is.
 */
export async function persist<T>(write: () => Promise<T>): Promise<T> {
  for (const untilMs = Date.now() + GIVE_UP_MS; ;) {
    try {
      return await write();
    } catch (error) {
      if (isLasting(error) || Date.now() >= untilMs) throw error;
      await sleep(RETRY_MS);
    }
  }
}
