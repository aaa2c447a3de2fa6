import { setTimeout as sleep } from 'node:timers/promises';
import { type Pool } from 'pg';

const POLL_MS = 10;

/**
 * Waits until the last outcomes are committed: asked only once all calls have ended, so it costs a contestant next to nothing.
 * `text` counts the ended recipients of the run whose ids are like $1.
 */
export async function untilCounted(pool: Pool, text: string, run: string, n: number): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ n: number }>(text, [`${run}-%`]);
    if ((rows[0]?.n ?? 0) >= n) return;
    await sleep(POLL_MS);
  }
}
