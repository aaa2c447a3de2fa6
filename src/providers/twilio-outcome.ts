import { type Outcome } from './contract';
import { type EgressResponse } from './egress/exchange';
import { parseRetryAfter } from './retry-after';

const MESSAGE_SID = /^(SM|MM)[0-9a-f]{32}$/;
/**
 * Refused for load, whatever the status: too many requests (20429), the sender's queue is full (21611), the sending rate
 * is exceeded (14107, 30022, and 63018 for WhatsApp).
 */
const LOAD_CODES = new Set([20_429, 21_611, 14_107, 30_022, 63_018]);
/** Authentication (20003, 20404 for the account's path), or an account that may not send (20005, 20006, 30002). */
const CREDENTIAL_CODES = new Set([20_003, 20_005, 20_006, 20_404, 30_002]);
/** What an operator can act on, without looking the code up. */
const EXPLAINED: Readonly<Record<number, string>> = {
  21211: 'The To number is not valid.',
  21212: 'The From number is not valid.',
  21408: 'The account may not send to this country.',
  21606: 'The From number cannot send to this recipient.',
  21608: 'A trial account sends to verified numbers only.',
  21610: 'The recipient has unsubscribed from this sender.',
  21612: 'This From cannot reach this To.',
  21614: 'The To number is no mobile number.',
  21617: 'The text is longer than 1,600 characters.',
  30007: 'The message was filtered as unwanted.',
};

/**
 * What Twilio's answer means: its status, refined by the `code` in the body. Messages are not deduplicated, so "try
 * again" is said only of 503 and 408; after any other 5xx the message may be queued, and a repetition has to be marked.
 */
export function outcomeOfTwilio(response: EgressResponse, nowMs: number): Outcome {
  const { status, headers } = response;
  const answer = answerOf(response);
  if (status >= 200 && status < 300) {
    const { sid } = answer;
    return { type: 'accepted', ...(sid === undefined ? {} : { vendorId: sid }) };
  }
  const code = answer.code === undefined ? `http_${status}` : `twilio_${answer.code}`;
  const wait = parseRetryAfter(headers['retry-after'], nowMs);
  const retryAfter = wait === undefined ? {} : { retryAfterMs: wait };
  if (status === 429 || LOAD_CODES.has(answer.code ?? 0)) {
    return { type: 'throttled', code, message: 'Twilio asks to slow down.', ...retryAfter };
  }
  if (status === 408 || status === 503) {
    return { type: 'retryable', code, message: 'Twilio is not available.', ...retryAfter };
  }
  if (status >= 500) {
    return { type: 'ambiguous', code, message: 'Twilio failed on the request, which it may have queued.' };
  }
  // Of 403 only what no finer code explains: a code of 21xxx is a verdict on the message.
  const blamesAccount =
    status === 401 || CREDENTIAL_CODES.has(answer.code ?? 0) || (status === 403 && answer.code === undefined);
  if (blamesAccount) {
    const message = `Twilio answered ${status}: check the account SID, its credentials and that it may send.`;
    return { type: 'permanent', code, message, reason: 'credentials_refused' };
  }
  const message = EXPLAINED[answer.code ?? 0] ?? `Twilio refused the message with ${code}.`;
  return { type: 'permanent', code, message, reason: 'provider_refused' };
}

/** The two fields that matter. Twilio's own texts are not passed on: they quote the number. */
function answerOf(response: EgressResponse): { readonly sid?: string; readonly code?: number } {
  try {
    const { sid, code } = (JSON.parse(response.body.toString('utf8')) ?? {}) as {
      sid?: unknown;
      code?: unknown;
    };
    return {
      ...(typeof sid === 'string' && MESSAGE_SID.test(sid) ? { sid } : {}),
      ...(typeof code === 'number' && Number.isInteger(code) && code > 0 && code < 1e6 ? { code } : {}),
    };
  } catch {
    return {};
  }
}
