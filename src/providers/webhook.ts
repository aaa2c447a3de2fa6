import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { standardSignature } from './callbacks/standard-webhooks';
import { type Outcome, type Provider, type SendRequest } from './contract';
import { type EgressResponse } from './egress/exchange';
import { type Egress } from './egress/guarded-client';
import { outcomeOfEgressError, refusalOf } from './http-outcome';

/** Standard Webhooks asks for 24 to 64 bytes. */
const SECRET_BYTES = 32;
const SECRET = /^whsec_[A-Za-z0-9+/]+={0,2}$/;

const settingsSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2048),
  /** How long the receiver promises to remember a key. It is told in the docs to keep them for a day. */
  dedupeWindowSeconds: z.int().min(0).max(2_592_000).default(86_400),
  /** Total time of one call. A receiver that needs longer should answer 202 and work later. */
  timeoutMs: z.int().min(1_000).max(30_000).default(15_000),
});
export type WebhookSettings = z.output<typeof settingsSchema>;

const credentialsSchema = z.strictObject({
  secret: z.string().refine(isSecret, 'must be "whsec_" and the base64 of 24 to 64 bytes'),
});
export type WebhookCredentials = z.output<typeof credentialsSchema>;

const CONNECT_TIMEOUT_MS = 5_000;
const MAX_RESPONSE_BYTES = 64 * 1024;
const MAX_VENDOR_ID_LENGTH = 200;

/**
 * A signed POST of the message to the operator's own endpoint. The delivery's key goes in `Idempotency-Key` and, without
 * dots, as `webhook-id` (Standard Webhooks 1.0): the same on every retry, so a receiver can tell a repetition.
 */
export function createWebhook(deps: {
  egress: Egress;
  now?: () => number;
}): Provider<WebhookSettings, WebhookCredentials> {
  const now = deps.now ?? Date.now;
  return {
    name: 'webhook',
    kinds: ['webhook'],
    settings: settingsSchema,
    credentials: credentialsSchema,
    totalTimeoutMs: 30_000,
    dedupeWindowMs: (settings) => settings.dedupeWindowSeconds * 1000,
    generateCredentials: (given) => {
      // A secret that is given is kept as it is, also a bad one: the schema refuses that, and nothing replaces it unseen.
      if (typeof given === 'object' && given !== null && 'secret' in given) return { credentials: given };
      const secret = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
      return { credentials: { secret }, shown: { secret } };
    },
    async send(request, signal) {
      const { settings, credentials } = request.channel;
      const sentAtMs = now();
      const body = JSON.stringify(bodyOf(request, sentAtMs));
      try {
        const response = await deps.egress.request({
          url: settings.url,
          method: 'POST',
          headers: headersOf(request.key, body, credentials.secret, sentAtMs),
          body,
          connectTimeoutMs: CONNECT_TIMEOUT_MS,
          totalTimeoutMs: settings.timeoutMs,
          maxResponseBytes: MAX_RESPONSE_BYTES,
          signal,
        });
        return outcomeOf(response, now());
      } catch (error) {
        return outcomeOfEgressError(error);
      }
    },
  };
}

/** What a receiver gets. `attempt` and `sentAt` differ between repetitions of one key, everything else is the same. */
function bodyOf(request: SendRequest, sentAtMs: number): Record<string, unknown> {
  const { content, recipient } = request;
  return {
    id: request.messageId,
    deliveryId: request.deliveryId,
    workspaceId: request.workspaceId,
    channelId: request.channel.id,
    recipient: { id: recipient.id, data: recipient.data },
    content: {
      ...(content.title === undefined ? {} : { title: content.title }),
      text: content.text,
      ...(content.html === undefined ? {} : { html: content.html }),
      actions: content.actions,
      images: content.images,
      attachments: content.attachments,
    },
    attempt: request.attempt,
    sentAt: new Date(sentAtMs).toISOString(),
  };
}

function headersOf(key: string, body: string, secret: string, sentAtMs: number): Record<string, string> {
  const id = key.replaceAll('.', '-');
  const timestamp = String(Math.floor(sentAtMs / 1000));
  return {
    'content-type': 'application/json',
    'user-agent': 'Volley',
    'idempotency-key': key,
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': standardSignature(secret, id, timestamp, body),
  };
}

function outcomeOf(response: EgressResponse, nowMs: number): Outcome {
  if (response.status < 200 || response.status >= 300) return refusalOf(response, nowMs);
  const vendorId = response.truncated ? undefined : vendorIdOf(response.body);
  return { type: 'accepted', ...(vendorId === undefined ? {} : { vendorId }) };
}

/** The receiver's own id of the message, where it answers JSON with a plain `id`; for the operator to search by. */
function vendorIdOf(body: Buffer): string | undefined {
  try {
    const id = (JSON.parse(body.toString('utf8')) as { id?: unknown } | null)?.id;
    return typeof id === 'string' && id.length <= MAX_VENDOR_ID_LENGTH && /^[\x21-\x7e]+$/.test(id)
      ? id
      : undefined;
  } catch {
    return undefined;
  }
}

/** Length and canonical base64, so that signer and receiver decode the same bytes. */
function isSecret(text: string): boolean {
  if (!SECRET.test(text)) return false;
  const encoded = text.slice('whsec_'.length);
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.length >= 24 && bytes.length <= 64 && bytes.toString('base64') === encoded;
}
