import { z } from 'zod';
import { type ZodOpenApiOperationObject } from 'zod-openapi';
import { volleyOptionsHeader } from '../volley-options';
import { messageRequestSchema } from './element-schema';
import { birdMessage, errors, id, json } from './openapi';

/** What this door puts into the OpenAPI document for single messages and for what Bird's API does not have. */

const workspaceId = id('The ID of the workspace');
const channelId = id('The ID for a channel');
const messagePath = { path: z.object({ workspaceId, channelId, messageId: id('The ID of a message') }) };
const batchPath = { path: z.object({ workspaceId, channelId, batchId: id('The ID of a batch') }) };
const tags = ['Bird'];

export const sendMessageOperation: ZodOpenApiOperationObject = {
  operationId: 'birdSendMessage',
  summary: 'Send a message',
  description:
    'A wrong form or value, a missing address and nothing to send are told at once (422). An address that does not fit, a cap that is not allowed and what only delivery can tell end the message as rejected.',
  tags,
  requestParams: {
    path: z.object({ workspaceId, channelId }),
    header: volleyOptionsHeader('messages'),
  },
  requestBody: { required: true, content: json(messageRequestSchema) },
  responses: {
    '202': { description: 'The message, as it stands.', content: json(birdMessage) },
    ...errors('400', '401', '404', '409', '413', '422', '500', '503'),
  },
};

export const deleteMessageOperation: ZodOpenApiOperationObject = {
  operationId: 'birdDeleteMessage',
  summary: 'Delete a message that was not sent yet',
  description:
    "Volley's own. Too late is 409: it was sent, is being sent, or may have been by a call whose answer nobody knows, after which no other is made.",
  tags,
  requestParams: messagePath,
  responses: {
    '200': { description: 'The message, with status deleted.', content: json(birdMessage) },
    ...errors('401', '404', '409', '500', '503'),
  },
};

const interaction = z
  .object({
    id: z.string(),
    messageId: z.uuid(),
    type: z
      .string()
      .meta({ description: 'opened, read (of texts and chats), clicked, reported-as-spam or unsubscribed.' }),
    createdAt: z.iso.datetime(),
    metadata: z.object({ url: z.string() }).optional(),
  })
  .meta({ id: 'BirdInteraction' });

export const interactionsOperation: ZodOpenApiOperationObject = {
  operationId: 'birdListInteractions',
  summary: "List a message's interactions, oldest first",
  tags,
  requestParams: messagePath,
  responses: {
    '200': {
      description: 'What the recipient did with it.',
      content: json(z.object({ results: z.array(interaction) })),
    },
    ...errors('401', '404', '500', '503'),
  },
};

const number = z.int();
const batch = z
  .object({
    id: z.uuid(),
    channelId: z.uuid(),
    status: z.enum(['processing', 'completed', 'canceled']),
    messages: number.meta({ description: 'How many it has.' }),
    counts: z.object({
      accepted: number,
      processing: number,
      waiting: number.meta({ description: 'Scheduled, or waiting for a next attempt.' }),
      sent: number,
      delivered: number,
      delivery_failed: number,
      sending_failed: number,
      rejected: number,
      skipped: number,
      deleted: number,
    }),
    statistics: z
      .object({ sent: number, delivered: number, opened: number, clicked: number, undeliverable: number })
      .meta({ description: 'How many ever got there.' }),
    createdAt: z.iso.datetime(),
    completedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'BirdBatch' });

export const getBatchOperation: ZodOpenApiOperationObject = {
  operationId: 'birdGetBatch',
  summary: 'Get a batch',
  description: "Volley's own.",
  tags,
  requestParams: batchPath,
  responses: {
    '200': { description: 'Where its messages are.', content: json(batch) },
    ...errors('401', '404', '500', '503'),
  },
};

export const cancelBatchOperation: ZodOpenApiOperationObject = {
  operationId: 'birdCancelBatch',
  summary: 'Cancel a batch',
  description: "Volley's own. No further message is sent; those being sent end as they end.",
  tags,
  requestParams: batchPath,
  responses: {
    '202': { description: 'It holds from now on.', content: json(batch) },
    ...errors('401', '404', '409', '500', '503'),
  },
};
