import { ZodError } from 'zod';
import { VolleyError } from '../../src/domain/errors';

/** A failover or a restart of Postgres takes seconds; a client that waits this long meets it half-way. */
const RETRY_AFTER_SECONDS = 2;

const AWAY_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  '57P01', // the server is shutting down
  '57P02',
  '57P03', // the server is starting up
  '57014', // a statement ran into its time-out
  '55P03', // a lock ran into its time-out
  '40001',
  '40P01', // chosen to end a deadlock: the same call works next time
  '53300', // too many connections
]);
/** What pg and its pool say without a code when a connection is lost or none comes free. */
const AWAY_MESSAGES =
  /connection terminated|timeout exceeded when trying to connect|not queryable|calling end on the pool/i;
/** Text that the database cannot read, or cannot index (54000): input that slipped through every earlier check. */
const UNREADABLE_CODES = new Set(['22P05', '22021', '22P02', '22003', '22008', '54000']);
const MAX_SHOWN = 20;

/** Turns whatever was thrown into the closed union. Unknown errors become `internal`, with their cause for the log. */
export function toVolleyError(error: unknown): VolleyError {
  if (error instanceof VolleyError) return error;
  if (error instanceof ZodError) return fromZod(error);
  // The router could not decode a path parameter such as `%E0%A4%A`: an id like that names nothing.
  if (error instanceof URIError) return new VolleyError('not_found', 'There is nothing under this path.');
  if (isAway(error)) {
    return new VolleyError('unavailable', 'The ledger cannot be reached just now: repeat the call.', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      cause: error,
    });
  }
  if (UNREADABLE_CODES.has(codeOf(error))) {
    return new VolleyError(
      'invalid_request',
      'A value in the request cannot be stored: check ids, dates and text.',
      {
        cause: error,
      },
    );
  }
  return new VolleyError(
    'internal',
    'Something broke on our side: repeat the call, and report the request id.',
    {
      cause: error,
    },
  );
}

/** Each issue with its place; the message says the first, for clients that show only that. */
export function fromZod(error: ZodError, root = ''): VolleyError {
  const details = error.issues.slice(0, MAX_SHOWN).map((issue) => ({
    at: placeOf(root, issue.path),
    problem: issue.message,
  }));
  const [first] = details;
  const message = first ? `${first.at}: ${first.problem}` : 'The request is not of the documented shape.';
  return new VolleyError('invalid_request', message, { details });
}

function placeOf(root: string, path: readonly PropertyKey[]): string {
  const text = path.reduce<string>(
    (place, step) =>
      typeof step === 'number' ? `${place}[${step}]` : `${place}${place ? '.' : ''}${String(step)}`,
    root,
  );
  return text || 'body';
}

function isAway(error: unknown): boolean {
  const code = codeOf(error);
  if (AWAY_CODES.has(code) || code.startsWith('08')) return true;
  return error instanceof Error && code === '' && AWAY_MESSAGES.test(error.message);
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
