import { z } from 'zod';
import { type ZodOpenApiResponseObject } from 'zod-openapi';

/** A successful JSON answer for the document. */
export function json(description: string, schema: z.ZodType, example?: unknown): ZodOpenApiResponseObject {
  return {
    description,
    content: { 'application/json': { schema, ...(example === undefined ? {} : { example }) } },
  };
}

/** A JSON body for the document. */
export function jsonBody(schema: z.ZodType, example: unknown) {
  return { required: true, content: { 'application/json': { schema, example } } };
}

export const timestamp = z.iso.datetime().meta({ example: '2026-01-31T09:30:00.000Z' });
export const uuid = z.uuid().meta({ example: '0198c1a2-7b3c-7d4e-8f50-61728394a5b6' });
/** What people read in a list. */
export const label = z.string().trim().min(1).max(200);
/** A name in a URL. A UUID is refused: a reference could not tell it from an id. */
export const slug = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'must be 1 to 100 letters, digits, dots, dashes or underscores')
  .refine((text) => !z.guid().safeParse(text).success, 'must not look like an id (a UUID)');

export const workspacePath = z.object({ workspaceId: uuid.meta({ description: 'The workspace.' }) });
