import { type Request, type Response } from 'express';
import { VolleyError } from '../../src/domain/errors';
import { createBudget, type Hold } from '../../src/runtime/budget';
import { rawBytes } from './body';

const MB = 1024 * 1024;
/** A body makes ten times its bytes while it is answered: half of a usual heap. Documented in docs/operations.md. */
const CALLS_BYTES = 64 * MB;
/** Callbacks come without a key: what strangers announce never takes the room of those who have one. */
const CALLBACKS_BYTES = 16 * MB;
/** Ordinary calls are smaller and never wait; of these even 10,000 connections fit a heap. */
const SMALL_BYTES = 64 * 1024;
/** A body of 10 MB is answered in a second or two; whoever waits longer does so better outside. */
const TURN_MS = 10_000;
const RETRY_AFTER_SECONDS = 2;
const NOTHING: Hold = { shrinkTo: () => undefined };

/** Room for the bodies of a process: who finds none waits with the body unread. */
export interface BodyRoom {
  /**
   * Reads a body of at most `limitBytes` after inflation and has its room until `work` has ended. `work` writes the answer.
   * Throws VolleyError unavailable (no room in time; `refused` is done first, with the body unread), payload_too_large,
   * invalid_request, and what `work` throws.
   */
  withBytes<T>(
    req: Request,
    res: Response,
    limitBytes: number,
    work: (bytes: Buffer) => Promise<T>,
    refused?: (error: VolleyError) => Promise<void>,
  ): Promise<T>;
}

export function createBodyRoom({
  totalBytes,
  turnMs = TURN_MS,
}: {
  totalBytes: number;
  turnMs?: number;
}): BodyRoom {
  const budget = createBudget(totalBytes);

  async function take(bytes: number, refused?: (error: VolleyError) => Promise<void>): Promise<Hold> {
    if (bytes <= SMALL_BYTES) return NOTHING;
    const hold = await budget.take(bytes, turnMs);
    if (hold) return hold;
    const error = new VolleyError('unavailable', 'Too many large calls are under way: repeat the call.', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
    await refused?.(error);
    throw error;
  }

  return {
    async withBytes(req, res, limitBytes, work, refused) {
      const hold = await take(bytesToExpect(req, limitBytes), refused);
      try {
        const bytes = await rawBytes(req, res, limitBytes);
        hold.shrinkTo(bytes.length > SMALL_BYTES ? bytes.length : 0);
        return await work(bytes);
      } finally {
        hold.shrinkTo(0);
      }
    },
  };
}

/** What a body may come to; how much a compressed or chunked one is shows only when it is read. */
function bytesToExpect({ headers }: Request, limitBytes: number): number {
  if (headers['transfer-encoding'] !== undefined) return limitBytes;
  const announced = Number(headers['content-length'] ?? 0);
  if (announced === 0) return 0;
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') return limitBytes;
  // Over the limit it is refused by its announcement, and nothing of it is kept.
  return announced > limitBytes ? 0 : announced;
}

export const callsRoom = createBodyRoom({ totalBytes: CALLS_BYTES });
export const callbacksRoom = createBodyRoom({ totalBytes: CALLBACKS_BYTES });
