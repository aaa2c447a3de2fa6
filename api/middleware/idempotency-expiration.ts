import { VolleyError } from '../../src/domain/errors';

const SECONDS = /^\d{1,11}(\.\d+)?$/;
const MILLISECONDS = /^\d{12,14}$/;
const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * Reads `x-idempotency-expiration`. Courier's documents and SDKs have three spellings of the moment: epoch seconds, epoch
 * milliseconds (told apart by their length) and ISO-8601. The ledger clamps it.
 * @returns undefined where the header is absent.
 * @throws VolleyError invalid_request for anything else.
 */
export function parseExpiration(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const moment = new Date(epochMs(text.trim()));
  if (!Number.isNaN(moment.getTime())) return moment;
  throw new VolleyError(
    'invalid_request',
    'x-idempotency-expiration is a moment: epoch seconds, epoch milliseconds or ISO-8601.',
    { details: [{ at: 'header.x-idempotency-expiration', problem: 'is no moment in time' }] },
  );
}

function epochMs(text: string): number {
  if (MILLISECONDS.test(text)) return Number(text);
  if (SECONDS.test(text)) return Number(text) * 1_000;
  return ISO.test(text) ? Date.parse(text) : Number.NaN;
}
