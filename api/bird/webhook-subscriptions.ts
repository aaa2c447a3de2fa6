import { VolleyError } from '../../src/domain/errors';
import { isUuid } from '../../src/domain/ids';
import { ledgerTypesOf } from '../../src/domain/webhooks';
import { type Db } from '../../src/ledger/database';
import {
  deleteEndpoint,
  listEndpoints,
  type EndpointRef,
  type WebhookEndpoint,
} from '../../src/ledger/webhook-endpoints';
import { getWorkspace, lockWorkspace } from '../../src/ledger/workspaces';
import { type WebhookService } from '../../src/service/webhooks';
import { type BirdWebhookFilters } from '../../src/webhooks/bird-filters';
import { parseBody } from '../middleware/validation';
import { checkUrl } from '../callable-url';
import { type Call, type CommandRoute, type ReadRoute, type Route } from '../route';
import { requireOwnWorkspace } from './scope';
import { subscriptionOperation } from './webhook-subscription-openapi';
import {
  changeOf,
  newSubscriptionSchema,
  sameFilters,
  subscriptionChangeSchema,
} from './webhook-subscription-schema';

const PATH = '/organizations/{organizationId}/workspaces/{workspaceId}/webhook-subscriptions';
const ITEM_PATH = `${PATH}/{subscriptionId}`;
/** Of the vendor (bird-api.md §2.3). */
const MAX_SAME_FILTERS = 5;

/** Bird's webhook subscriptions: the endpoints of its form, in its words. */
export function webhookSubscriptionRoutes(service: WebhookService): readonly Route[] {
  return [createRoute(service), listRoute, readRoute(service), changeRoute(service), deleteRoute(service)];
}

function createRoute(service: WebhookService): CommandRoute {
  return {
    kind: 'command',
    method: 'post',
    path: PATH,
    auth: 'workspace',
    kept: (body) => ({ ...(body as object), signingKey: undefined }),
    before: (call) => checkUrl(service, newSubscriptionSchema, call),
    openapi: subscriptionOperation('create'),
    async handle(call, tx) {
      const scope = await scopeOf(call, tx);
      const { url, signingKey, ...filters } = parseBody(newSubscriptionSchema, call.body);
      await lockWorkspace(tx, scope.workspaceId);
      const others = await listEndpoints(tx, {
        workspaceId: scope.workspaceId,
        form: 'bird',
        children: false,
      });
      const same = others.filter((other) => sameFilters(filtersOf(other), filters));
      if (same.length >= MAX_SAME_FILTERS) {
        throw new VolleyError(
          'already_exists',
          `There are ${MAX_SAME_FILTERS} subscriptions with these filters already: delete one first.`,
        );
      }
      const { endpoint, secret } = await service.create(tx, {
        ...{ ...scope, form: 'bird', url, filters, secret: signingKey },
        eventTypes: typesOf(filters),
      });
      return {
        status: 201,
        body: {
          ...view(endpoint, scope.organizationId),
          ...(signingKey === undefined ? { signingKey: secret } : {}),
        },
      };
    },
  };
}

const listRoute: ReadRoute = {
  kind: 'read',
  method: 'get',
  path: PATH,
  auth: 'workspace',
  openapi: subscriptionOperation('list'),
  async handle(call, db) {
    const { workspaceId, organizationId } = await scopeOf(call, db);
    const all = await listEndpoints(db, { workspaceId, form: 'bird', children: false });
    return { status: 200, body: { results: all.map((endpoint) => view(endpoint, organizationId)) } };
  },
};

function readRoute(service: WebhookService): ReadRoute {
  return {
    kind: 'read',
    method: 'get',
    path: ITEM_PATH,
    auth: 'workspace',
    openapi: subscriptionOperation('get'),
    async handle(call, db) {
      const { organizationId } = await scopeOf(call, db);
      return { status: 200, body: view(await subscription(service, call, db), organizationId) };
    },
  };
}

function changeRoute(service: WebhookService): CommandRoute {
  return {
    kind: 'command',
    method: 'patch',
    path: ITEM_PATH,
    auth: 'workspace',
    before: (call) => checkUrl(service, subscriptionChangeSchema, call),
    openapi: subscriptionOperation('update'),
    async handle(call, tx) {
      const { organizationId } = await scopeOf(call, tx);
      const now = await subscription(service, call, tx);
      const old = filtersOf(now);
      const { url, signingKey, status, ...changed } = parseBody(changeOf(old), call.body);
      const filters: BirdWebhookFilters = {
        service: 'channels',
        event: changed.event ?? old.event,
        eventFilters: changed.eventFilters ?? old.eventFilters,
        template: changed.template ?? old.template,
      };
      const endpoint = await service.change(
        tx,
        { workspaceId: now.workspaceId, endpointId: now.id },
        {
          ...{ url, filters, secret: signingKey, eventTypes: typesOf(filters) },
          ...(status === undefined ? {} : { status: status === 'active' ? 'active' : 'disabled' }),
        },
      );
      return { status: 200, body: view(endpoint, organizationId) };
    },
  };
}

function deleteRoute(service: WebhookService): CommandRoute {
  return {
    kind: 'command',
    method: 'delete',
    path: ITEM_PATH,
    auth: 'workspace',
    openapi: subscriptionOperation('delete'),
    async handle(call, tx) {
      await scopeOf(call, tx);
      const { workspaceId, id } = await subscription(service, call, tx);
      await deleteEndpoint(tx, { workspaceId, endpointId: id });
      return { status: 204 };
    },
  };
}

/** A workspace that was made without an organization takes any: Volley isolates by workspace. Throws not_found. */
async function scopeOf(call: Call, db: Db): Promise<{ workspaceId: string; organizationId: string }> {
  const workspaceId = requireOwnWorkspace(call);
  const organizationId = call.params['organizationId']?.toLowerCase() ?? '';
  const workspace = await getWorkspace(db, workspaceId);
  const isOwn = isUuid(organizationId) && (workspace?.organizationId ?? organizationId) === organizationId;
  if (!isOwn) throw new VolleyError('not_found', 'No organization of this key has this id.');
  return { workspaceId, organizationId };
}

/** Throws not_found also for an endpoint of another form: it is managed under /v1. */
async function subscription(service: WebhookService, call: Call, db: Db): Promise<WebhookEndpoint> {
  const id = call.params['subscriptionId'] ?? '';
  const ref: EndpointRef = { workspaceId: call.workspaceId, endpointId: id.toLowerCase() };
  const endpoint = isUuid(id) ? await service.read(db, ref) : undefined;
  if (endpoint?.form !== 'bird' || endpoint.parentId !== null)
    throw new VolleyError('not_found', 'No webhook subscription of this workspace has this id.');
  return endpoint;
}

function typesOf({ event }: Pick<BirdWebhookFilters, 'event'>): string[] {
  return ledgerTypesOf({ form: 'bird', of: event.endsWith('.interaction') ? 'interaction' : 'outbound' });
}

function filtersOf(endpoint: WebhookEndpoint): BirdWebhookFilters {
  return endpoint.filters as BirdWebhookFilters;
}

function view(endpoint: WebhookEndpoint, organizationId: string) {
  const { service, event, eventFilters, template } = filtersOf(endpoint);
  return {
    ...{ id: endpoint.id, organizationId: endpoint.organizationId ?? organizationId },
    ...{ workspaceId: endpoint.workspaceId, service, event, eventFilters },
    ...(template === undefined ? {} : { template }),
    url: endpoint.url,
    status: endpoint.status === 'active' ? 'active' : 'inactive',
    createdAt: endpoint.createdAt.toISOString(),
    updatedAt: endpoint.updatedAt.toISOString(),
  };
}
