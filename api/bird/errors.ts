import { type ErrorCode, type ErrorDetail, type VolleyError } from '../../src/domain/errors';
import { type Reply } from '../route';

/** Each refusal in Bird's words. The whole mapping to HTTP, for this door. */
const SHAPES: Readonly<Record<ErrorCode, { readonly status: number; readonly code: string }>> = {
  invalid_request: { status: 400, code: 'InvalidRequest' },
  unauthorized: { status: 401, code: 'Unauthorized' },
  forbidden: { status: 403, code: 'Forbidden' },
  not_found: { status: 404, code: 'NotFound' },
  method_not_allowed: { status: 405, code: 'MethodNotAllowed' },
  payload_too_large: { status: 413, code: 'PayloadTooLarge' },
  already_run: { status: 409, code: 'Conflict' },
  job_not_open: { status: 409, code: 'Conflict' },
  job_empty: { status: 409, code: 'Conflict' },
  job_final: { status: 409, code: 'Conflict' },
  already_exists: { status: 409, code: 'AlreadyExists' },
  idempotency_in_progress: { status: 409, code: 'IdempotencyInProgress' },
  idempotency_mismatch: { status: 422, code: 'IdempotencyMismatch' },
  unavailable: { status: 503, code: 'Unavailable' },
  internal: { status: 500, code: 'InternalError' },
};

/** A call that can be read but not accepted. */
const UNPROCESSABLE = { status: 422, code: 'UnprocessableRequest' };

/** Every `code` of this door, for the OpenAPI document. */
export const BIRD_ERROR_CODES = [
  ...new Set([...Object.values(SHAPES), UNPROCESSABLE].map(({ code }) => code)),
];

/**
 * `{code, message, details?}` (bird-api.md §2.1). A request that can be read but not accepted is 422, with `details` by
 * field; one that cannot even be read is 400.
 */
export function writeBirdError(error: VolleyError): Reply {
  const { status, code } = SHAPES[error.code];
  const unprocessable =
    error.code === 'invalid_request' && error.details.some(({ at }) => at !== 'body' && at !== '');
  const body = {
    code: unprocessable ? 'UnprocessableRequest' : code,
    message: error.message,
    ...(error.details.length ? { details: byField(error.details) } : {}),
  };
  const headers =
    error.retryAfterSeconds === undefined ? undefined : { 'Retry-After': String(error.retryAfterSeconds) };
  return { status: unprocessable ? 422 : status, body, ...(headers ? { headers } : {}) };
}

function byField(details: readonly ErrorDetail[]): Record<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const { at, problem } of details) {
    const name = nameOf(at);
    const problems = fields.get(name) ?? [];
    problems.push(problem);
    fields.set(name, problems);
  }
  return Object.fromEntries(fields);
}

/** Bird names a field by itself, without saying which part of the request it stood in. */
function nameOf(at: string): string {
  return at.replace(/^(query|body|headers)\./, '') || 'body';
}
