import { webhookTypeOf } from '../../src/domain/webhooks';
import { getChannelOfAnyTime, type Channel } from '../../src/ledger/channels';
import { readMessageRow } from '../../src/ledger/read-messages';
import { type WebhookEndpoint } from '../../src/ledger/webhook-endpoints';
import { type QueuedEvent } from '../../src/ledger/webhook-queue';
import { type Network } from '../../src/providers/contract';
import { type ProviderRegistry } from '../../src/providers/registry';
import { deliveryOf } from '../../src/service/delivery-of';
import { type MessageView } from '../../src/service/views';
import { asOf } from '../../src/webhooks/as-of';
import { type BirdWebhookFilters, type WayOut } from '../../src/webhooks/bird-filters';
import { moveToChild, ownTargetOf } from '../../src/webhooks/own-target';
import { signatureHeaders } from '../../src/webhooks/signatures';
import { standardBody, webhookIdOf } from '../../src/webhooks/standard-body';
import { type Dependencies } from '../dependencies';
import { built } from './call-fault';
import { type EndpointCall } from './call-endpoint';

export type BuiltCall =
  | ({ readonly type: 'call' } & EndpointCall)
  /** Not for this endpoint: the fine filters leave it out. */
  | { readonly type: 'none' }
  /** It belongs to the message's own `notification.url`, whose line it stands in now. */
  | { readonly type: 'moved' };

/**
 * Turns an event into the one call that an endpoint is owed for it, in the words of its form, signed anew for each try.
 * @throws CallFault where there are no words for it; whatever the ledger throws.
 */
export function createCallBuilder(deps: Dependencies) {
  return async (
    endpoint: WebhookEndpoint,
    event: QueuedEvent,
    secrets: readonly string[],
  ): Promise<BuiltCall> => {
    const content = await contentOf(deps, endpoint, event);
    if (content === undefined) return { type: 'none' };
    if (content === 'moved') return { type: 'moved' };
    const id = webhookIdOf(event);
    const { url } = content;
    return built(() => {
      const body = JSON.stringify(content.body);
      const headers = signatureHeaders[endpoint.form]({ id, url, body, atMs: Date.now(), secrets });
      return { type: 'call', id, url, body, headers };
    });
  };
}

/**
 * The words of an event for an endpoint. Undefined: not for it. What is for the message's own `notification.url` is moved into
 * that one's line.
 */
export async function contentOf(
  deps: Dependencies,
  endpoint: WebhookEndpoint,
  event: QueuedEvent,
): Promise<{ body: unknown; url: string } | 'moved' | undefined> {
  const { url } = endpoint;
  const type = webhookTypeOf(event);
  if (endpoint.form === 'standard') {
    return type && { url, body: built(() => standardBody(type, event, endpoint.workspaceId)) };
  }
  if (event.messageId === null) return { url, body: testBody(endpoint, event) };
  // What a job that is still being filled holds does not exist from outside (design: 404); and how soon a queue is drained is no
  // reason to tell one and not the other.
  if (event.type === 'accepted' && event.jobKind === 'bulk') return undefined;
  const message = await readMessageRow(deps.db, {
    workspaceId: endpoint.workspaceId,
    messageId: event.messageId,
  });
  if (!message) return undefined;
  const then = built(() => asOf(message, event));
  if (endpoint.form === 'courier') return { url, body: built(() => deps.webhookBodies.courier(then)) };
  const filters = endpoint.filters as BirdWebhookFilters;
  const way = await wayOf(deps, then, event);
  const body = built(() => deps.webhookBodies.bird(then, event, filters, way));
  if (body === undefined) return undefined;
  const target = ownTargetOf(message, filters);
  if (endpoint.parentId !== null) return target === undefined ? undefined : { url: target, body };
  if (target === undefined) return { url, body };
  const moved = await deps.db.transaction((tx) => moveToChild(tx, endpoint, event.id, target));
  return moved ? 'moved' : { url, body };
}

/**
 * How the message went out by the delivery that the event is about, or else how it would through the channel that it was sent to.
 * The same whenever it is asked: a channel keeps its network for life, and its row when it is deleted.
 */
async function wayOf(
  { db, providers }: Dependencies,
  message: MessageView,
  event: QueuedEvent,
): Promise<WayOut | undefined> {
  const used = deliveryOf(message, event);
  if (used && !providers.get(used.provider)?.network) return { kind: used.kind };
  const channelId = used?.channelId ?? message.channelId ?? message.spec.channelId;
  if (channelId === undefined) return undefined;
  const channel = await getChannelOfAnyTime(db, { workspaceId: message.workspaceId, channelId });
  const kind = used?.kind ?? channel?.kind;
  return kind === undefined ? undefined : { kind, network: channel && networkOf(providers, channel) };
}

function networkOf(providers: ProviderRegistry, { provider: name, settings }: Channel): Network | undefined {
  const provider = providers.get(name);
  const read = provider?.settings.safeParse(settings);
  return read?.success ? provider?.network?.(read.data) : undefined;
}

/** `POST …/test` has no message: the envelope of the form, with the test named in it. */
function testBody(endpoint: WebhookEndpoint, event: QueuedEvent): unknown {
  const told = { test: true, endpointId: endpoint.id, at: event.at.toISOString() };
  if (endpoint.form === 'courier') return { type: event.type, data: told };
  const { service, event: name } = endpoint.filters as BirdWebhookFilters;
  return { service, event: name, payload: told };
}
