import { type z } from 'zod';
import { VolleyError } from '../../src/domain/errors';
import { fromZod } from './errors';

/**
 * What a schema makes of a part of a request.
 * @throws VolleyError invalid_request that names every place, below `root` (`query`, `settings`) where one is given.
 */
export function parseInput<T>(schema: z.ZodType<T>, value: unknown, root?: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw fromZod(result.error, root);
}

/** The parsed body, where there has to be one. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  if (body === undefined) {
    throw new VolleyError('invalid_request', 'The body is empty: send a JSON object.');
  }
  return parseInput(schema, body);
}

/**
 * Named query parameters by a schema of optional strings; the first value of each name counts, and names that the schema
 * does not have are left alone.
 */
export function parseQueryInput<T>(schema: z.ZodType<T>, query: ReadonlyMap<string, readonly string[]>): T {
  const entries = [...query].map(([name, values]) => [name, values[0]] as const);
  return parseInput(schema, Object.fromEntries(entries), 'query');
}
