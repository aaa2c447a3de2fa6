import { z } from 'zod';
import { type ZodOpenApiOperationObject, type ZodOpenApiResponsesObject } from 'zod-openapi';
import { volleyOptionsHeader } from '../volley-options';
import { messageRequestSchema } from './element-schema';
import { BIRD_ERROR_CODES } from './errors';
import { BATCH_EXAMPLE } from './examples';
import { DEFAULT_LIMIT, MAX_LIMIT } from './list-query';
import { BIRD_STATUSES } from './status-filter';

/** What this door puts into the OpenAPI document. */

const SEED_ID = 'a1405560-c8d3-4b1a-877d-3f449ad95352';
export const id = (description: string) => z.uuid().meta({ description, example: SEED_ID });
const workspaceId = id('The ID of the workspace');
const channelId = id('The ID for a channel');
const messageId = id('The ID of a message');

const birdError = z
  .object({
    code: z.enum(BIRD_ERROR_CODES),
    message: z.string().meta({ description: 'What is wrong and how to mend it.' }),
    details: z
      .record(z.string(), z.array(z.string()))
      .optional()
      .meta({ description: 'By field, everything that is wrong with it.' }),
  })
  .meta({ id: 'BirdError' });

const ERRORS: Readonly<Record<string, string>> = {
  '400': 'The request cannot be read: malformed JSON, no object, a bad header.',
  '401': 'No key, or one that is unknown or revoked.',
  '404': 'Nothing of this key has this id: unknown, malformed, or of another workspace or channel.',
  '409':
    'Too late for what was asked; or a call with this Idempotency-Key is under way: Retry-After says when to try again.',
  '413': 'The body is over 10 MB.',
  '422':
    'The request can be read and not accepted: `details` names each field. Also a reused Idempotency-Key.',
  '500': 'A fault of the server; the log has its cause under the X-Request-Id.',
  '503':
    'The database cannot be reached, or too many large calls are under way: Retry-After says when to try again.',
};

export function errors(...statuses: readonly string[]): ZodOpenApiResponsesObject {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: ERRORS[status] ?? 'An error.', content: { 'application/json': { schema: birdError } } },
    ]),
  );
}

const failure = z.object({
  code: z.int().meta({ description: 'Listed in docs/bird-failure-codes.md.', example: 11002 }),
  description: z.string(),
  source: z.object({ code: z.int(), name: z.string().meta({ example: 'pre-processing' }) }),
});

export const birdMessage = z
  .looseObject({
    id: z.uuid(),
    channelId: z.uuid().nullable(),
    batchId: z.uuid().meta({ description: 'Ours: the batch that the message came in.' }),
    direction: z.literal('outgoing'),
    status: z.enum(BIRD_STATUSES),
    reason: z.string().meta({ description: 'Why it is where it is; empty where there is nothing to say.' }),
    details: z.string().meta({
      description:
        '`unknown_subscriber` with the failure 15005, `received_network_error` with 15001, else empty.',
    }),
    failure: failure.optional(),
    parts: z.array(z.object({ platformReference: z.string() })),
    lastStatusAt: z.iso.datetime(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    request: z.unknown().optional().meta({
      description:
        'The request as sent, where its fields could not stand beside these (no object, or a name taken).',
    }),
  })
  .meta({
    id: 'BirdMessage',
    description:
      'Every field of the request as it was sent, and these. Tags are in lower case; without a connector in the request `sender.connector.id` is the channel.',
  });

const accepted = z
  .object({ id: z.uuid(), messages: z.array(z.object({ id: z.uuid() })) })
  .meta({ id: 'BirdBatchAccepted' });

export const json = (schema: z.ZodType) => ({ 'application/json': { schema } });

export const sendBatchOperation: ZodOpenApiOperationObject = {
  operationId: 'birdSendBatchMessages',
  summary: 'Send batch messages',
  description:
    'Takes 1 to 100 messages for a channel. Whatever is wrong inside one ends that message as rejected, with the failure attached.',
  tags: ['Bird'],
  requestParams: {
    path: z.object({ workspaceId, channelId }),
    header: volleyOptionsHeader('messages'),
  },
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: z.object({ messageRequests: z.array(messageRequestSchema).min(1).max(100) }),
        examples: { batch: { summary: 'Send batch of messages', value: BATCH_EXAMPLE } },
      },
    },
  },
  responses: {
    '202': {
      description: 'Messages were accepted to be validated asynchronously and then processed.',
      content: json(accepted),
    },
    ...errors('400', '401', '404', '409', '413', '422', '500', '503'),
  },
};

type Scope = 'channel' | 'workspace';

const listQuery = z.object({
  batchId: z.uuid().optional().meta({ description: 'Also spelt `batchID` or `batch_id`.' }),
  limit: z
    .int()
    .min(1)
    .max(MAX_LIMIT)
    .optional()
    .meta({
      description: `${DEFAULT_LIMIT} where absent; a page holds 100 messages at most.`,
    }),
  pageToken: z.string().optional().meta({ description: 'The nextPageToken of the page before.' }),
  status: z
    .enum(BIRD_STATUSES)
    .optional()
    .meta({ description: 'Several: repeated, or separated by commas.' }),
  campaignId: z.string().optional().meta({
    description: 'Ours: of the campaign with this id in `meta.campaign`; without an id, of this name.',
  }),
  startAt: z.iso.datetime({ offset: true }).optional().meta({ description: 'Created then or later.' }),
  endAt: z.iso.datetime({ offset: true }).optional().meta({ description: 'Created then or earlier.' }),
  reverse: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'The oldest first; a page token goes with the order it was given in.' }),
  direction: z
    .enum(['incoming', 'outgoing'])
    .optional()
    .meta({ description: 'Volley has outgoing messages only.' }),
});

export function listMessagesOperation(scope: Scope): ZodOpenApiOperationObject {
  const path = scope === 'channel' ? z.object({ workspaceId, channelId }) : z.object({ workspaceId });
  return {
    operationId: scope === 'channel' ? 'birdListChannelMessages' : 'birdListMessages',
    summary: `List the messages of a ${scope}, newest first`,
    tags: ['Bird'],
    requestParams: { path, query: listQuery },
    responses: {
      '200': {
        description: 'A page of messages.',
        content: json(z.object({ results: z.array(birdMessage), nextPageToken: z.string().optional() })),
      },
      ...errors('401', '404', '422', '500', '503'),
    },
  };
}

export function getMessageOperation(scope: Scope): ZodOpenApiOperationObject {
  const path =
    scope === 'channel'
      ? z.object({ workspaceId, channelId, messageId })
      : z.object({ workspaceId, messageId });
  return {
    operationId: scope === 'channel' ? 'birdGetChannelMessage' : 'birdGetMessage',
    summary: 'Get a message',
    tags: ['Bird'],
    requestParams: { path },
    responses: {
      '200': { description: 'The message as it stands now.', content: json(birdMessage) },
      ...errors('401', '404', '500', '503'),
    },
  };
}
