import { durationMs, UNIT_MS } from '../duration';
import { epochMs } from '../epoch';

const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;
/** Each word begins with ISO 8601's letter for it. */
const WORDS = /^(\d{1,6})\s*(second|minute|hour|day|week)s?$/i;

/**
 * Reads `x-idempotency-expiration`. Courier's documents and SDKs have it as a moment (epoch seconds, epoch ms, ISO-8601) and as a
 * duration ("1 Day" in C#, ISO-8601), which counts from `nowMs`; Go's SDK 3 writes a `*` before any of them. The ledger clamps it.
 * @returns undefined where the header is absent, and where it cannot be read: it only asks to keep for longer what is kept
 * anyway, which is no reason to refuse a command.
 */
export function parseExpiration(text: string | undefined, nowMs = Date.now()): Date | undefined {
  const said = text?.replace(/^\s*\*/, '').trim();
  if (said === undefined) return undefined;
  const afterMs = durationMs(said) ?? wordsMs(said);
  const untilMs = afterMs === undefined ? (epochMs(said) ?? isoMs(said)) : nowMs + afterMs;
  return untilMs === undefined ? undefined : new Date(untilMs);
}

function isoMs(text: string): number | undefined {
  const ms = ISO.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

function wordsMs(text: string): number | undefined {
  const [, count, unit = ''] = WORDS.exec(text) ?? [];
  const unitMs = UNIT_MS[unit.charAt(0).toUpperCase()];
  return unitMs === undefined ? undefined : Number(count) * unitMs;
}
