import { z } from 'zod';
import { type ErrorCode, type VolleyError } from '../../src/domain/errors';
import { type Reply } from '../route';

interface Kind {
  readonly status: number;
  readonly title: string;
}

/** The one place where this door maps codes to HTTP. */
const KINDS: Readonly<Record<ErrorCode, Kind>> = {
  invalid_request: { status: 400, title: 'Invalid request' },
  unauthorized: { status: 401, title: 'Not authenticated' },
  forbidden: { status: 403, title: 'Not allowed with this key' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  payload_too_large: { status: 413, title: 'Body too large' },
  already_run: { status: 409, title: 'Job already run' },
  job_not_open: { status: 409, title: 'Job not open' },
  job_empty: { status: 409, title: 'Job empty' },
  job_final: { status: 409, title: 'Job over' },
  already_exists: { status: 409, title: 'Already exists' },
  idempotency_in_progress: { status: 409, title: 'Same call under way' },
  idempotency_mismatch: { status: 422, title: 'Idempotency-Key used for another call' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
  internal: { status: 500, title: 'Internal error' },
};

/** RFC 9457, with the request's id and the places of the faults. */
export const problemSchema = z
  .object({
    type: z.string().meta({ description: '`urn:volley:problem:` and the code; docs/errors.md has each.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What is wrong with this request and how to mend it.' }),
    instance: z.string(),
    requestId: z.string(),
    errors: z.array(z.object({ at: z.string(), problem: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'A problem (RFC 9457).' });

/** A refusal in this door's words. */
export function writeProblem(error: VolleyError, requestId: string): Reply {
  const { status, title } = KINDS[error.code];
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      // RFC 9110 wants to be told how to authenticate.
      ...(error.code === 'unauthorized' ? { 'WWW-Authenticate': 'Bearer realm="volley"' } : {}),
    },
    body: {
      type: `urn:volley:problem:${error.code}`,
      title,
      status,
      detail: error.message,
      instance: `urn:volley:request:${requestId}`,
      requestId,
      ...(error.details.length > 0 ? { errors: error.details } : {}),
    },
  };
}
