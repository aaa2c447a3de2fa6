import { v7 as uuidv7 } from 'uuid';
import { hasCredentials, parseUrl } from '../domain/parse-url';
import { type Tx } from '../ledger/database';
import { insertEndpoint, type WebhookEndpoint } from '../ledger/webhook-endpoints';
import { type MessageView } from '../service/views';

/** Origins that one subscription may reach by messages' own URLs; what goes beyond stays with the subscription's URL. */
const MAX_CHILDREN = 20;
const MAX_URL_LENGTH = 2_048;

/**
 * Bird's per-message `notification.url`, where the request has a usable one. A `notification.template` beside it says under
 * which subscriptions it holds: those of the same `template`.
 */
export function ownTargetOf(
  message: Pick<MessageView, 'echo'>,
  subscription: { readonly template?: string | undefined },
): string | undefined {
  const notification = fieldOf(message.echo, 'notification');
  const template = fieldOf(notification, 'template');
  if (typeof template === 'string' && template !== '' && template !== subscription.template) return undefined;
  const url = fieldOf(notification, 'url');
  if (typeof url !== 'string' || url.length > MAX_URL_LENGTH) return undefined;
  const parsed = parseUrl(url);
  // The guard never calls one with a user name or password: in its origin's line it would hold up all others.
  if (!parsed || hasCredentials(parsed)) return undefined;
  return /^https?:$/.test(parsed.protocol) ? url : undefined;
}

/**
 * Hands an event over to the line of its message's own URL: one child endpoint an origin, with the subscription's filters and
 * secret, so that somebody's dead URL holds up nothing but itself. Of a subscription that its owner has just stopped nothing is
 * owed to anybody.
 * @returns false where the subscription has too many already.
 */
export async function moveToChild(
  tx: Tx,
  parent: WebhookEndpoint,
  eventId: number,
  target: string,
): Promise<boolean> {
  // A child that is made now would not stop with it.
  const active = await tx.query(
    `select 1 from webhook_endpoints where id = $1 and status = 'active' and deleted_at is null for share`,
    [parent.id],
  );
  if (active.length === 0) return true;
  const childId = await childFor(tx, parent, new URL(target).origin);
  if (childId === undefined) return false;
  await tx.query('insert into webhook_queue (endpoint_id, event_id) values ($1, $2) on conflict do nothing', [
    childId,
    eventId,
  ]);
  // It comes late, by an old number: what was dropped under the child before must not take it along.
  await tx.query('update webhook_endpoints set queue_floor = $2 - 1 where id = $1 and queue_floor >= $2', [
    childId,
    eventId,
  ]);
  await tx.query('delete from webhook_queue where endpoint_id = $1 and event_id = $2', [parent.id, eventId]);
  return true;
}

async function childFor(tx: Tx, parent: WebhookEndpoint, origin: string): Promise<string | undefined> {
  const children = await tx.query<{ id: string; url: string; status: string }>(
    'select id, url, status from webhook_endpoints where parent_id = $1 and deleted_at is null',
    [parent.id],
  );
  const known = children.find((child) => child.url === origin);
  // What goes into the queue of a disabled one is dropped there: its parent's URL is told instead.
  if (known) return known.status === 'disabled' ? undefined : known.id;
  if (children.length >= MAX_CHILDREN) return undefined;
  const id = uuidv7();
  const { workspaceId, organizationId, form, filters } = parent;
  const child = await insertEndpoint(tx, {
    ...{ id, workspaceId, parentId: parent.id, form, filters, url: origin },
    ...(organizationId === null ? {} : { organizationId }),
    description: "messages' own notification.url",
    // Fed by its parent alone.
    eventTypes: [],
    // Its parent's sign for it.
    sealedSecrets: Buffer.alloc(0),
  });
  return child?.id;
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}
