/**
 * What follows an outcome: pure, so that the rule can be read and tested in one place. Times are relative, in ms; the ledger
 * turns them into dates by its own clock.
 */
import { type Reason } from './reasons';
import { type MessageState, type WaitReason } from './states';

export interface RetryPolicy {
  /** Calls that count (a throttled one does not), over all routes. */
  readonly maxAttempts: number;
  /** First backoff; each further one is `factor` times as long, up to the cap. */
  readonly baseMs: number;
  readonly factor: number;
  readonly capMs: number;
  /** From the first attempt: after that nothing is tried again. Courier gives up after 72 h (courier-api.md §1.5). */
  readonly deadlineMs: number;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maxAttempts: 12,
  baseMs: 1_000,
  factor: 3,
  capMs: 6 * 3_600_000,
  deadlineMs: 72 * 3_600_000,
};

/** Beyond a call's own time-out, a `sending` message is held this much longer before anyone else takes it over (design). */
export const ATTEMPT_MARGIN_MS = 30_000;

/** A vendor's Retry-After counts up to this: a garbled or hostile header must not park a message for a year. */
const MAX_RETRY_AFTER_MS = 24 * 3_600_000;
/** Less than this names no time: `Retry-After: 0` at every call would be a loop without a pause, and it costs no attempt. */
const MIN_RETRY_AFTER_MS = 1_000;

export type OutcomeType = 'accepted' | 'throttled' | 'retryable' | 'permanent' | 'ambiguous';

export interface AfterInput {
  readonly outcome: {
    readonly type: OutcomeType;
    readonly retryAfterMs?: number;
    readonly reason?: 'provider_refused' | 'credentials_refused';
  };
  /** Calls that counted so far, this one included. */
  readonly attempts: number;
  /** All calls so far, throttled ones too: who throttles without saying for how long is asked ever more rarely. */
  readonly calls: number;
  readonly sinceFirstAttemptMs: number;
  readonly hasNextRoute: boolean;
  /** True when the same key may be sent again without harm (inside the provider's window). */
  readonly deduplicates: boolean;
  readonly atMostOnce: boolean;
  /** Uniform in [0, 1). */
  readonly random: number;
  readonly policy: RetryPolicy;
}

export interface Next {
  readonly state: Extract<MessageState, 'sent' | 'waiting' | 'failed' | 'uncertain'>;
  readonly reason?: Reason;
  readonly waitReason?: WaitReason;
  readonly waitMs?: number;
  /** True when another call with the same key would be refused again: the delivery's key may rise. */
  readonly refused: boolean;
  readonly nextRoute?: boolean;
}

/**
 * accepted: sent. throttled: wait, no attempt spent. retryable: wait, or give up. permanent: next route, or failed.
 * ambiguous: never another route; again with the same key if the guarantee allows, else uncertain. The ledger knows of earlier calls
 * with the key, and makes a failure or a next route beside one in doubt uncertain too (migration 0017).
 */
export function afterOutcome(input: AfterInput): Next {
  const { outcome, policy } = input;
  switch (outcome.type) {
    case 'accepted':
      return { state: 'sent', refused: false };
    case 'permanent':
      if (input.hasNextRoute)
        return { state: 'waiting', waitReason: 'next_route', waitMs: 0, refused: true, nextRoute: true };
      return { state: 'failed', reason: outcome.reason ?? 'provider_refused', refused: true };
    case 'ambiguous':
      if (input.atMostOnce && !input.deduplicates)
        return { state: 'uncertain', reason: 'in_doubt', refused: false };
      return again(input, false);
    case 'throttled':
    case 'retryable':
      return again(input, true);
  }
  return outcome.type satisfies never;

  /** With the same key: what was not taken is not known by it, and what was taken after all is known to the receiver. */
  function again({ attempts, sinceFirstAttemptMs, hasNextRoute }: AfterInput, notTaken: boolean): Next {
    const waitMs = waitFor(input);
    const late = sinceFirstAttemptMs + waitMs > policy.deadlineMs;
    const spent = outcome.type !== 'throttled' && attempts >= policy.maxAttempts;
    if (!late && !spent) {
      return {
        state: 'waiting',
        waitReason: outcome.retryAfterMs === undefined ? 'backoff' : 'retry_after',
        waitMs,
        refused: false,
      };
    }
    // In doubt there is no other route and no claim of failure: it may have arrived.
    if (!notTaken) return { state: 'uncertain', reason: 'in_doubt', refused: false };
    if (hasNextRoute && !late)
      return { state: 'waiting', waitReason: 'next_route', waitMs: 0, refused: false, nextRoute: true };
    return { state: 'failed', reason: late ? 'deadline' : 'attempts_exhausted', refused: false };
  }
}

/** Backoff with jitter of up to a quarter either way; a vendor's Retry-After is a lower bound, and a throttle's the wait itself. */
function waitFor(input: AfterInput): number {
  const { policy, outcome, attempts, calls, random } = input;
  const exponent = Math.max(0, (outcome.type === 'throttled' ? calls : attempts) - 1);
  const backoff = Math.min(policy.capMs, policy.baseMs * policy.factor ** exponent);
  const jittered = Math.round(backoff * (0.75 + random * 0.5));
  if (outcome.retryAfterMs === undefined || !(outcome.retryAfterMs >= 0)) return jittered;
  const named = outcome.type === 'throttled' && outcome.retryAfterMs >= MIN_RETRY_AFTER_MS;
  return Math.max(Math.min(outcome.retryAfterMs, MAX_RETRY_AFTER_MS), named ? 0 : jittered);
}
