import { type Outcome } from './contract';
import { type EgressResponse } from './egress/exchange';
import { parseRetryAfter } from './retry-after';

/** SendGrid's windows are seconds to minutes; a garbled reset must not park a message for longer than this. */
const MAX_RESET_MS = 3_600_000;
/** SendGrid's ids; anything else is not worth keeping. */
const MESSAGE_ID = /^[A-Za-z0-9._-]{1,200}$/;
/** A path into the request (`personalizations.0.to.0.email`), never a value of it. */
const FIELD = /^[a-z][a-z0-9_.]{0,79}$/;

/**
 * What SendGrid's answer means, by its public documentation of statuses. It deduplicates nothing, so "try again" is said
 * only of what was provably not queued: 503 (the API is not available) and 408. Of any other 5xx it says that the request
 * was valid and processing it went wrong, which may have been after queueing: ambiguous, so that a repetition is marked.
 */
export function outcomeOfSendgrid(response: EgressResponse, nowMs: number): Outcome {
  const { status, headers } = response;
  const code = `http_${status}`;
  if (status >= 200 && status < 300) {
    const vendorId = headers['x-message-id'];
    return { type: 'accepted', ...(vendorId && MESSAGE_ID.test(vendorId) ? { vendorId } : {}) };
  }
  const wait = waitOf(headers, nowMs);
  const retryAfter = wait === undefined ? {} : { retryAfterMs: wait };
  if (status === 429) {
    return { type: 'throttled', code, message: 'SendGrid asks to slow down.', ...retryAfter };
  }
  if (status === 408 || status === 503) {
    return { type: 'retryable', code, message: 'SendGrid is not available.', ...retryAfter };
  }
  if (status >= 500) {
    return { type: 'ambiguous', code, message: 'SendGrid failed on the request, which it may have queued.' };
  }
  return refusalOf(status, code, fieldOf(response.body));
}

function refusalOf(status: number, code: string, field: string | undefined): Outcome {
  // A verified key that may not send as this address is a fault of the sender, not of the key.
  if (status === 403 && field === 'from') {
    const message = 'SendGrid knows no verified sender for the From address.';
    return { type: 'permanent', code: 'sender_not_verified', message, reason: 'provider_refused' };
  }
  if (status === 401 || status === 403) {
    const message = `SendGrid answered ${status}: check the API key and its Mail Send permission.`;
    return { type: 'permanent', code, message, reason: 'credentials_refused' };
  }
  const message =
    status === 413
      ? 'The mail is larger than SendGrid takes (30 MB).'
      : `SendGrid refused the request${field === undefined ? '' : ` because of ${field}`}.`;
  return { type: 'permanent', code, message, reason: 'provider_refused' };
}

/** Retry-After where it is given, else the end of the rate limit's window (epoch seconds). */
function waitOf(headers: Readonly<Record<string, string>>, nowMs: number): number | undefined {
  const wait = parseRetryAfter(headers['retry-after'], nowMs);
  if (wait !== undefined) return wait;
  const reset = headers['x-ratelimit-reset']?.trim() ?? '';
  const resetMs = /^\d{1,12}$/.test(reset) ? Number(reset) * 1000 - nowMs : 0;
  return resetMs > 0 ? Math.min(resetMs, MAX_RESET_MS) : undefined;
}

/** The first field that SendGrid names. Its texts are not passed on: they may quote the address. */
function fieldOf(body: Buffer): string | undefined {
  try {
    const errors = (JSON.parse(body.toString('utf8')) as { errors?: unknown } | null)?.errors;
    const [first] = Array.isArray(errors) ? (errors as unknown[]) : [];
    const field = (first as { field?: unknown } | null | undefined)?.field;
    return typeof field === 'string' && FIELD.test(field) ? field : undefined;
  } catch {
    return undefined;
  }
}
