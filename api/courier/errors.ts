import { type ErrorCode, type VolleyError } from '../../src/domain/errors';
import { type Reply } from '../route';

/** Courier's own two words for errors, and one of ours for faults on the server's side, for which it documents none. */
export type CourierErrorType = 'invalid_request_error' | 'authorization_error' | 'api_error';

interface Wording {
  readonly status: number;
  readonly type: CourierErrorType;
  /**
   * Set to false where the same call can never work: the SDK v7 sends a 409 three times over unless told not to
   * (courier-api.md §1.3, 8).
   */
  readonly shouldRetry?: false;
}

const invalid = (status: number): Wording => ({ status, type: 'invalid_request_error' });
const conflict: Wording = { status: 409, type: 'invalid_request_error', shouldRetry: false };

/** The one place where a refusal becomes HTTP on this door. */
export const COURIER_ERRORS: Readonly<Record<ErrorCode, Wording>> = {
  invalid_request: invalid(400),
  unauthorized: { status: 401, type: 'authorization_error' },
  forbidden: { status: 403, type: 'authorization_error' },
  not_found: invalid(404),
  method_not_allowed: invalid(405),
  payload_too_large: invalid(413),
  already_run: conflict,
  job_not_open: invalid(400),
  job_empty: invalid(400),
  job_final: conflict,
  already_exists: conflict,
  idempotency_in_progress: invalid(409),
  idempotency_mismatch: invalid(422),
  unavailable: { status: 503, type: 'api_error' },
  internal: { status: 500, type: 'api_error' },
};

/** An answer lists this many faults at most: enough to mend a request by, short enough to read. */
const DETAILS_SHOWN = 10;

/** `{message, type}`: what is wrong and where, in one text, because the SDKs show `message` and nothing else. */
export function writeCourierError(error: VolleyError): Reply {
  const { status, type, shouldRetry } = COURIER_ERRORS[error.code];
  const headers: Record<string, string> = {};
  if (shouldRetry === false) headers['x-should-retry'] = 'false';
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] = String(error.retryAfterSeconds);
  return { status, body: { message: messageOf(error), type }, headers };
}

function messageOf(error: VolleyError): string {
  const shown = error.details.slice(0, DETAILS_SHOWN).map(({ at, problem }) => `${at}: ${problem}`);
  const more = error.details.length - shown.length;
  if (more > 0) shown.push(`and ${more} more`);
  return shown.length === 0 ? error.message : `${error.message} ${shown.join('; ')}`;
}
