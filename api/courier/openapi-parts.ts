import { z } from 'zod';
import { type ZodOpenApiParameters, type ZodOpenApiResponsesObject } from 'zod-openapi';
import { COURIER_ERRORS } from './errors';

/** Parts that every operation of this door shares in the OpenAPI document. */

const SEED_JOB_ID = '1-61e9dd53-b5bb6c863b7ffbe83ad4b28d';
const SEED_MESSAGE_ID = '1-61e9dd7d-13c08339357603322c433d55';

export const courierError = z
  .object({
    message: z.string().meta({ description: 'What is wrong, where, and how to mend it.' }),
    type: z.enum([...new Set(Object.values(COURIER_ERRORS).map(({ type }) => type))]),
  })
  .meta({ id: 'CourierError' });

export const jobIdText = z
  .string()
  .meta({ description: "The job's id, `1-<8 hex>-<24 hex>`.", example: SEED_JOB_ID });
export const messageIdText = z
  .string()
  .meta({ description: "The message's id, `1-<8 hex>-<24 hex>`.", example: SEED_MESSAGE_ID });

export const jobPath: ZodOpenApiParameters = { path: z.object({ jobId: jobIdText }) };
export const messagePath: ZodOpenApiParameters = { path: z.object({ messageId: messageIdText }) };

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  '400': 'The request is not valid; the message names every place.',
  '401': 'No key, or one that is not known or was revoked.',
  '404': 'Nothing here has this id: unknown, malformed, or of another workspace.',
  '409': 'The state of things does not allow it; `x-should-retry: false` where no repetition will help.',
  '413': 'The body is over 10 MB.',
  '422': 'The Idempotency-Key was used with another body.',
  '500': 'A fault of the server; the log has the cause under the X-Request-Id.',
  '503': 'The database cannot be reached; Retry-After says when to try again.',
};

const READ_ERRORS = ['401', '404', '500', '503'] as const;
const COMMAND_ERRORS = ['400', '401', '409', '413', '422', '500', '503'] as const;

/** Errors of a read, and `more` where it takes parameters that can be wrong. */
export function readErrors(...more: readonly '400'[]): ZodOpenApiResponsesObject {
  return errors([...READ_ERRORS, ...more]);
}

/** Errors of a command, and 404 where its path names something. */
export function commandErrors(...more: readonly '404'[]): ZodOpenApiResponsesObject {
  return errors([...COMMAND_ERRORS, ...more]);
}

function errors(statuses: readonly string[]): ZodOpenApiResponsesObject {
  return Object.fromEntries(
    statuses.toSorted().map((status) => [
      status,
      {
        description: DESCRIPTIONS[status] ?? 'An error.',
        content: { 'application/json': { schema: courierError } },
      },
    ]),
  );
}
