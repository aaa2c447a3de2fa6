import { z } from 'zod';
import { type ErrorCode, type VolleyError } from '../../src/domain/errors';
import { type Reply } from '../route';

/** Courier's own two words for errors, and one of ours for faults on the server's side, for which it documents none. */
const ERROR_TYPES = ['invalid_request_error', 'authorization_error', 'api_error'] as const;

export const courierError = z
  .object({
    message: z.string().meta({ description: 'What is wrong, where, and how to mend it.' }),
    type: z.enum(ERROR_TYPES),
  })
  .meta({ id: 'CourierError' });

interface Wording {
  readonly status: number;
  readonly type: (typeof ERROR_TYPES)[number];
  /**
   * Set to false where the same call can never work: the SDK v7 sends a 409 three times over unless told not to
   * (courier-api.md §1.3, 8).
   */
  readonly shouldRetry?: false;
}

const invalid = (status: number): Wording => ({ status, type: 'invalid_request_error' });
const conflict: Wording = { status: 409, type: 'invalid_request_error', shouldRetry: false };

/** The one place where a refusal becomes HTTP on this door. */
const COURIER_ERRORS: Readonly<Record<ErrorCode, Wording>> = {
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
  const headers = shouldRetry === false ? { 'x-should-retry': 'false' } : {};
  return { status, body: { message: messageOf(error), type }, headers };
}

function messageOf({ message, details }: VolleyError): string {
  const unsaid = details.filter(({ problem }) => !message.includes(problem));
  const shown = unsaid.slice(0, DETAILS_SHOWN).map(({ at, problem }) => `${at}: ${problem}`);
  if (unsaid.length > shown.length) shown.push(`and ${unsaid.length - shown.length} more`);
  return shown.length === 0 ? message : `${message} ${shown.join('; ')}`;
}
