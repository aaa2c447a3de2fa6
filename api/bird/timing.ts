import { type Fault } from '../../src/domain/message-spec';
import { fault } from './faults';

const DAY_MS = 86_400_000;
/** Bird rejects what is scheduled further ahead (bird-api.md §2.2). */
const SCHEDULE_MAX_AHEAD_MS = 35 * DAY_MS;
/** 36 hours: Bird's default (bird-api.md §2.2). */
const DEFAULT_VALIDITY_SECONDS = 129_600;

export interface Timing {
  readonly notBeforeMs?: number;
  readonly validUntilMs: number;
  readonly faults: readonly Fault[];
}

/** Epoch ms. A date in the past goes at once; validity counts from the later of the two moments. */
export function readTiming(
  given: { scheduledFor?: string | undefined; validity?: number | undefined },
  acceptedAtMs: number,
): Timing {
  const validityMs = (given.validity ?? DEFAULT_VALIDITY_SECONDS) * 1_000;
  const scheduledMs = given.scheduledFor === undefined ? acceptedAtMs : Date.parse(given.scheduledFor);
  if (scheduledMs <= acceptedAtMs) return { validUntilMs: acceptedAtMs + validityMs, faults: [] };
  if (scheduledMs - acceptedAtMs > SCHEDULE_MAX_AHEAD_MS) {
    return {
      validUntilMs: acceptedAtMs + validityMs,
      faults: [fault('schedule_too_far', 'scheduledFor', 'is more than 35 days ahead')],
    };
  }
  return { notBeforeMs: scheduledMs, validUntilMs: scheduledMs + validityMs, faults: [] };
}
