import { type z } from 'zod';
import { VolleyError, type ErrorDetail } from '../../src/domain/errors';

/** The body as the schema reads it. Throws invalid_request that names every path at fault. */
export function validateBody<T>(schema: z.ZodType<T>, body: unknown): T {
  if (body === undefined) throw invalidRequest([{ at: 'body', problem: 'a JSON object is needed' }]);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw invalidRequest(
    parsed.error.issues.map(({ path, message }) => ({ at: pathText(path), problem: problemText(message) })),
  );
}

export function invalidRequest(details: readonly ErrorDetail[]): VolleyError {
  return new VolleyError('invalid_request', 'The request is not valid.', { details });
}

/** `['users', 3, 'to']` as `users[3].to`; the root is called `body`. */
function pathText(path: readonly PropertyKey[]): string {
  const text = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
  return text === '' ? 'body' : text;
}

function problemText(message: string): string {
  return message.replace(/^Invalid input: /, '');
}
