import { z } from 'zod';
import { type CallbackReader, headerOf, type ProviderEvent, refuse } from './contract';
import { discreet } from './discreet';
import { isFresh, pastMs } from './freshness';
import { isUuid } from './our-ids';
import { isSignedStandard } from './standard-webhooks';

/** What fits in a transaction that nobody waits long for; a receiver with more sends several. */
const MAX_EVENTS = 5_000;

const id = z.string().refine(isUuid, 'must be an id that Volley sent');
const eventSchema = z
  .strictObject({
    /** The receiver's id of the event, the same on every repetition. */
    id: z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters'),
    deliveryId: id.optional(),
    messageId: id.optional(),
    type: z.enum([
      'sent',
      'delivered',
      'bounced',
      'carrier_refused',
      'carrier_expired',
      'deferred',
      'complained',
      'opened',
      'clicked',
      'unsubscribed',
    ]),
    at: z.iso.datetime({ offset: true }),
    detail: z.string().max(2_000).optional(),
    code: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,60}$/, 'must be 1 to 60 letters, digits, dots, dashes or underscores')
      .optional(),
    /** Of `bounced`: do not write to this address again. */
    hard: z.boolean().optional(),
  })
  .refine(
    ({ deliveryId, messageId }) => deliveryId !== undefined || messageId !== undefined,
    'give deliveryId or messageId',
  );
const bodySchema = z.strictObject({ events: z.array(eventSchema).min(1).max(MAX_EVENTS) });

/**
 * What the receiver of a `webhook` channel tells us, signed as Standard Webhooks 1.0 with the channel's own secret. All or
 * nothing: it is our own format, so a batch with a fault is refused whole, with the fault's path.
 */
export const webhookCallbacks: CallbackReader = {
  name: 'webhook',
  read(request, channel) {
    const { secret } = channel.credentials as { secret: string };
    const webhookId = headerOf(request, 'webhook-id');
    const timestamp = headerOf(request, 'webhook-timestamp');
    const signatures = headerOf(request, 'webhook-signature');
    if (webhookId === undefined || timestamp === undefined || signatures === undefined) {
      return refuse(401, 'webhook-id, webhook-timestamp or webhook-signature is missing.');
    }
    if (!isSignedStandard(signatures, webhookId, timestamp, request.rawBody, secret)) {
      return refuse(401, 'The signature does not fit the id, the timestamp and the body.');
    }
    if (!isFresh(timestamp, request.nowMs))
      return refuse(401, 'The timestamp is not of the last five minutes.');
    const parsed = bodySchema.safeParse(jsonOf(request.rawBody));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return refuse(400, `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'is not valid'}`);
    }
    return { ok: true, events: parsed.data.events.map((event) => eventOf(event, request.nowMs)) };
  },
};

function eventOf(event: z.output<typeof eventSchema>, nowMs: number): ProviderEvent {
  const detail = discreet(event.detail);
  return {
    ...(event.messageId === undefined ? {} : { messageId: event.messageId }),
    ...(event.deliveryId === undefined ? {} : { deliveryId: event.deliveryId }),
    type: event.type,
    atMs: pastMs(Date.parse(event.at), nowMs),
    dedupe: event.id,
    ...(detail === undefined ? {} : { detail }),
    ...(event.code === undefined ? {} : { code: event.code }),
    ...(event.hard === undefined ? {} : { hard: event.hard }),
  };
}

function jsonOf(rawBody: Buffer): unknown {
  try {
    return JSON.parse(rawBody.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
