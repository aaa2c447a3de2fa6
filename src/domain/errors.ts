/**
 * Everything that Volley refuses, as a closed union. Each door maps a code to its own status and body in one place; the
 * message is for the caller and says how to mend it, the cause is for the log alone.
 */
export const ERROR_CODES = [
  'invalid_request',
  'unauthorized',
  'forbidden',
  'not_found',
  'method_not_allowed',
  'payload_too_large',
  'already_run',
  'job_not_open',
  'job_empty',
  'job_final',
  'already_exists',
  'idempotency_in_progress',
  'idempotency_mismatch',
  'unavailable',
  'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorDetail {
  /** Where in the request: `users[3].profile.email`, `query.limit`. */
  readonly at: string;
  readonly problem: string;
}

export class VolleyError extends Error {
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[];
  /** Seconds after which the same call may work. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: readonly ErrorDetail[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'VolleyError';
    this.code = code;
    this.details = options.details ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
