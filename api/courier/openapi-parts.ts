import { z } from 'zod';
import { type ZodOpenApiParameters } from 'zod-openapi';

/** Parts that several operations of this door share in the OpenAPI document. The ids are the seed's. */
export const msSince1970 = (what: string) => z.int().meta({ description: `${what}, in ms since 1970.` });

export const jobIdText = z.string().meta({
  description: "The job's id, `1-<8 hex>-<24 hex>`.",
  example: '1-61e9dd53-b5bb6c863b7ffbe83ad4b28d',
});

export const messageIdText = z.string().meta({
  description: "The message's id, `1-<8 hex>-<24 hex>`.",
  example: '1-61e9dd7d-13c08339357603322c433d55',
});

export const jobPath: ZodOpenApiParameters = { path: z.object({ jobId: jobIdText }) };
export const messagePath: ZodOpenApiParameters = { path: z.object({ messageId: messageIdText }) };
