import { type Outcome } from './contract';
import { EgressError } from './egress/errors';
import { type EgressResponse } from './egress/exchange';
import { parseRetryAfter } from './retry-after';

/**
 * What an HTTP status other than 2xx means for the delivery. 503, 408 and 425 say "not now" before anything is done; any other 5xx may
 * come from behind a receiver that has done its work, and proves nothing. A verdict on the request is final.
 */
export function refusalOf(response: EgressResponse, nowMs: number): Outcome {
  const { status, headers } = response;
  const code = `http_${status}`;
  const wait = parseRetryAfter(headers['retry-after'], nowMs);
  const retryAfter = wait === undefined ? {} : { retryAfterMs: wait };
  if (status === 429)
    return { type: 'throttled', code, message: 'The receiver asks to slow down.', ...retryAfter };
  if (status === 408 || status === 425 || status >= 500) {
    const type = status >= 500 && status !== 503 ? 'ambiguous' : 'retryable';
    return { type, code, message: `The receiver answered ${status}.`, ...retryAfter };
  }
  if (status === 401 || status === 403) {
    const message = `The receiver answered ${status}: check the channel's secret.`;
    return { type: 'permanent', code, message, reason: 'credentials_refused' };
  }
  const message =
    status >= 300 && status < 400
      ? `The receiver answered ${status}, and redirects are not followed: put the final URL into the channel.`
      : `The receiver answered ${status}.`;
  return { type: 'permanent', code, message, reason: 'provider_refused' };
}

/**
 * What a call without an answer means. `refused` is our own rule about the channel's URL, which another attempt will not
 * change; up to the request everything can be tried again; after it nobody knows.
 */
export function outcomeOfEgressError(error: unknown): Outcome {
  if (!(error instanceof EgressError)) {
    return { type: 'ambiguous', code: 'unexpected', message: 'The call ended in an unexpected way.' };
  }
  const { stage, code, message } = error;
  if (stage === 'refused') return { type: 'permanent', code, message, reason: 'provider_refused' };
  return { type: stage === 'connect' ? 'retryable' : 'ambiguous', code, message };
}
