import { z } from 'zod';
import { VolleyError } from '../../src/domain/errors';
import { isUuid } from '../../src/domain/ids';
import {
  countWaiting,
  deleteEndpoint,
  listEndpoints,
  type EndpointRef,
} from '../../src/ledger/webhook-endpoints';
import { queueTest, replayFrom } from '../../src/ledger/webhook-wakes';
import { type WebhookService } from '../../src/service/webhooks';
import { webhookIdOf } from '../../src/webhooks/standard-body';
import { parseBody, parseInput } from '../middleware/validation';
import { checkUrl } from '../callable-url';
import { type Call, type CommandRoute, type ReadRoute, type Route } from '../route';
import { json, jsonBody, uuid, workspacePath } from './openapi-parts';
import {
  checkSecret,
  endpointChangeSchema,
  endpointSchema,
  endpointView,
  newEndpointSchema,
  replaySchema,
  rotateSchema,
  wantedOf,
} from './webhook-input';

const PATH = '/v1/workspaces/{workspaceId}/webhooks';
const ITEM_PATH = `${PATH}/{webhookId}`;
const itemParams = { path: workspacePath.extend({ webhookId: uuid }) };

/** Endpoints that are told what happens: who may manage them is who holds one of the workspace's keys. */
export function webhookRoutes(service: WebhookService): readonly Route[] {
  return [
    createRoute(service),
    listRoute,
    readRoute(service),
    changeRoute(service),
    deleteRoute,
    rotateRoute(service),
    testRoute(service),
    replayRoute(service),
  ];
}

function createRoute(service: WebhookService): CommandRoute {
  return {
    kind: 'command',
    method: 'post',
    path: PATH,
    auth: 'workspace',
    kept: withoutSecrets,
    before: (call) => checkUrl(service, newEndpointSchema, call),
    openapi: {
      operationId: 'createWebhook',
      summary: 'Create a webhook endpoint',
      description: 'It is told of what happens from now on; what happened before comes by a replay.',
      requestBody: jsonBody(newEndpointSchema, {
        url: 'https://example.com/volley',
        events: ['message.delivered', 'message.failed', 'job.completed'],
      }),
      responses: { '201': json('The endpoint, with its signing secret.', endpointSchema) },
    },
    async handle(call, tx) {
      const { events, secret, ...given } = parseBody(newEndpointSchema, call.body);
      const made = await service.create(tx, {
        ...given,
        ...wantedOf(given.form, events),
        workspaceId: call.workspaceId,
        secret: checkSecret(given.form, secret),
      });
      return { status: 201, body: endpointView(made.endpoint, { secret: made.secret }) };
    },
  };
}

const listRoute: ReadRoute = {
  kind: 'read',
  method: 'get',
  path: PATH,
  auth: 'workspace',
  openapi: {
    operationId: 'listWebhooks',
    summary: 'List webhook endpoints',
    description: "All of the workspace, those of Bird's form included; oldest first.",
    responses: { '200': json('All endpoints.', z.object({ webhooks: z.array(endpointSchema) })) },
  },
  async handle(call, db) {
    const endpoints = await listEndpoints(db, { workspaceId: call.workspaceId, children: true });
    return { status: 200, body: { webhooks: endpoints.map((endpoint) => endpointView(endpoint)) } };
  },
};

function readRoute(service: WebhookService): ReadRoute {
  return {
    kind: 'read',
    method: 'get',
    path: ITEM_PATH,
    auth: 'workspace',
    openapi: {
      operationId: 'getWebhook',
      summary: 'Get a webhook endpoint',
      requestParams: itemParams,
      responses: { '200': json('The endpoint, and how it is doing.', endpointSchema) },
    },
    async handle(call, db) {
      const endpoint = await service.read(db, refOf(call));
      return { status: 200, body: endpointView(endpoint, { waiting: await countWaiting(db, endpoint.id) }) };
    },
  };
}

function changeRoute(service: WebhookService): CommandRoute {
  return {
    kind: 'command',
    method: 'patch',
    path: ITEM_PATH,
    auth: 'workspace',
    before: (call) => checkUrl(service, endpointChangeSchema, call),
    openapi: {
      operationId: 'updateWebhook',
      summary: 'Change a webhook endpoint',
      description:
        'What is not given stays. A change is tried at once, also in the midst of a backoff; status active puts a disabled one back.',
      requestParams: itemParams,
      requestBody: jsonBody(endpointChangeSchema, { status: 'active' }),
      responses: { '200': json('The endpoint as it is now.', endpointSchema) },
    },
    async handle(call, tx) {
      const ref = refOf(call);
      const { events, ...change } = parseBody(endpointChangeSchema, call.body);
      const { form } = await service.read(tx, ref);
      const wanted = events === undefined ? {} : wantedOf(form, events);
      return { status: 200, body: endpointView(await service.change(tx, ref, { ...change, ...wanted })) };
    },
  };
}

const deleteRoute: CommandRoute = {
  kind: 'command',
  method: 'delete',
  path: ITEM_PATH,
  auth: 'workspace',
  openapi: {
    operationId: 'deleteWebhook',
    summary: 'Delete a webhook endpoint',
    description: 'It is not called any more, but for a call that is under way.',
    requestParams: itemParams,
    responses: { '204': { description: 'Deleted.' } },
  },
  async handle(call, tx) {
    if (!(await deleteEndpoint(tx, refOf(call)))) throw noSuchEndpoint();
    return { status: 204 };
  },
};

function rotateRoute(service: WebhookService): CommandRoute {
  return {
    kind: 'command',
    method: 'post',
    path: `${ITEM_PATH}/rotate`,
    auth: 'workspace',
    kept: withoutSecrets,
    openapi: {
      operationId: 'rotateWebhookSecret',
      summary: 'Rotate the signing secret',
      description:
        'In the standard form both secrets sign for a day; the other forms carry one signature, and the new secret makes it from now on.',
      requestParams: itemParams,
      requestBody: { ...jsonBody(rotateSchema, {}), required: false },
      responses: { '200': json('The endpoint, with the new secret.', endpointSchema) },
    },
    async handle(call, tx) {
      const ref = refOf(call);
      const { secret } = parseInput(rotateSchema, call.body ?? {});
      const { form } = await service.read(tx, ref);
      const made = await service.rotate(tx, ref, checkSecret(form, secret));
      return { status: 200, body: endpointView(made.endpoint, { secret: made.secret }) };
    },
  };
}

function testRoute(service: WebhookService): CommandRoute {
  return {
    kind: 'command',
    method: 'post',
    path: `${ITEM_PATH}/test`,
    auth: 'workspace',
    openapi: {
      operationId: 'testWebhook',
      summary: 'Send a test event',
      description: 'Sends endpoint.test to this endpoint, in line with whatever it is owed.',
      requestParams: itemParams,
      responses: { '202': json('On its way.', z.object({ webhookId: z.string() })) },
    },
    async handle(call, tx) {
      const ref = refOf(call);
      const { status } = await service.read(tx, ref);
      if (status !== 'active') {
        throw new VolleyError('invalid_request', 'The endpoint is disabled: put it back to active first.');
      }
      return { status: 202, body: { webhookId: webhookIdOf(await queueTest(tx, ref)) } };
    },
  };
}

function replayRoute(service: WebhookService): CommandRoute {
  return {
    kind: 'command',
    method: 'post',
    path: `${ITEM_PATH}/replay`,
    auth: 'workspace',
    openapi: {
      operationId: 'replayWebhook',
      summary: 'Replay from a point in time',
      description:
        "Each event has the webhook-id that it had the first time. A disabled endpoint is put back to active. That of messages' own URLs is replayed by its subscription.",
      requestParams: itemParams,
      requestBody: jsonBody(replaySchema, { since: '2026-01-31T09:30:00Z' }),
      responses: { '202': json('Under way.', endpointSchema) },
    },
    async handle(call, tx) {
      const ref = refOf(call);
      const { since } = parseBody(replaySchema, call.body);
      await replayFrom(tx, ref, new Date(since));
      return { status: 202, body: endpointView(await service.read(tx, ref)) };
    },
  };
}

function refOf(call: Call): EndpointRef {
  const endpointId = call.params['webhookId'] ?? '';
  if (!isUuid(endpointId)) throw noSuchEndpoint();
  return { workspaceId: call.workspaceId, endpointId: endpointId.toLowerCase() };
}

function noSuchEndpoint(): VolleyError {
  return new VolleyError('not_found', 'There is no such webhook endpoint in this workspace.');
}

function withoutSecrets(body: unknown): unknown {
  return { ...(body as object), secrets: undefined };
}
