import { z } from 'zod';
import { type ZodOpenApiOperationObject } from 'zod-openapi';
import { errors } from './openapi';
import {
  newSubscriptionSchema,
  subscriptionChangeSchema,
  subscriptionSchema,
} from './webhook-subscription-schema';

type Verb = 'create' | 'list' | 'get' | 'update' | 'delete';

const path = z.object({ organizationId: z.uuid(), workspaceId: z.uuid() });
const itemPath = path.extend({ subscriptionId: z.uuid() });
const json = (schema: z.ZodType) => ({ 'application/json': { schema } });
const one = (description: string) => ({ description, content: json(subscriptionSchema) });

const OPERATIONS: Readonly<Record<Verb, ZodOpenApiOperationObject>> = {
  create: {
    operationId: 'birdCreateWebhookSubscription',
    summary: 'Create a webhook subscription',
    requestParams: { path },
    requestBody: { required: true, content: json(newSubscriptionSchema) },
    responses: {
      '201': one('The subscription.'),
      ...errors('400', '401', '404', '409', '422', '500', '503'),
    },
  },
  list: {
    operationId: 'birdListWebhookSubscriptions',
    summary: 'List webhook subscriptions',
    requestParams: { path },
    responses: {
      '200': {
        description: 'All of them.',
        content: json(z.object({ results: z.array(subscriptionSchema) })),
      },
      ...errors('401', '404', '500', '503'),
    },
  },
  get: {
    operationId: 'birdGetWebhookSubscription',
    summary: 'Get a webhook subscription',
    requestParams: { path: itemPath },
    responses: { '200': one('The subscription.'), ...errors('401', '404', '500', '503') },
  },
  update: {
    operationId: 'birdUpdateWebhookSubscription',
    summary: 'Change a webhook subscription',
    requestParams: { path: itemPath },
    requestBody: { required: true, content: json(subscriptionChangeSchema) },
    responses: {
      '200': one('The subscription as it is now.'),
      ...errors('400', '401', '404', '422', '500', '503'),
    },
  },
  delete: {
    operationId: 'birdDeleteWebhookSubscription',
    summary: 'Delete a webhook subscription',
    requestParams: { path: itemPath },
    responses: { '204': { description: 'Deleted.' }, ...errors('401', '404', '500', '503') },
  },
};

/** What the subscriptions put into the OpenAPI document. */
export function subscriptionOperation(verb: Verb): ZodOpenApiOperationObject {
  return { ...OPERATIONS[verb], tags: ['Bird'] };
}
