import { z } from 'zod';
import { VolleyError } from '../../src/domain/errors';
import { ledgerTypesOf, WEBHOOK_TYPES, type WebhookForm, type WebhookType } from '../../src/domain/webhooks';
import { type WebhookEndpoint } from '../../src/ledger/webhook-endpoints';
import { timestamp, uuid } from './openapi-parts';

const MAX_URL_LENGTH = 2_048;
/** Short secrets can be guessed; longer than 128 bytes HMAC hashes them down. */
const secretText = z.string().min(16).max(128);
const STANDARD_SECRET = /^whsec_[A-Za-z0-9+/]+={0,2}$/;

const url = z
  .url({ protocol: /^https?$/ })
  .max(MAX_URL_LENGTH)
  .meta({ description: 'https, or http where VOLLEY_EGRESS_ALLOW covers it.' });
const events = z
  .array(z.enum(WEBHOOK_TYPES))
  .min(1)
  .max(WEBHOOK_TYPES.length)
  .meta({ description: 'What to tell of; all of it where absent.' });
const description = z.string().trim().max(200);

export const newEndpointSchema = z.strictObject({
  url,
  form: z.enum(['standard', 'courier']).default('standard').meta({
    description: "standard: ours, by Standard Webhooks. courier: Courier's message:updated.",
  }),
  events: events.optional(),
  description: description.optional(),
  secret: secretText.optional().meta({ description: 'Made for you where absent.' }),
});

export const endpointChangeSchema = z.strictObject({
  url: url.optional(),
  events: events.optional(),
  description: description.optional(),
  status: z.enum(['active', 'disabled']).optional(),
});

export const rotateSchema = z.strictObject({ secret: secretText.optional() });
export const replaySchema = z.strictObject({
  since: z.iso.datetime({ offset: true }).meta({
    description:
      'All events from then on are told again, and those before are not any more: it moves the position both ways.',
    example: '2026-01-31T09:30:00Z',
  }),
});

export const endpointSchema = z
  .object({
    id: uuid,
    form: z.enum(['standard', 'courier', 'bird']),
    url: z.string(),
    description: z.string(),
    events: z.array(z.string()).meta({ description: "In the form's own words." }),
    status: z.enum(['active', 'disabled']),
    disabledReason: z.enum(['gone', 'failing', 'requested']).nullable(),
    disabledAt: timestamp.nullable(),
    failures: z.int().meta({ description: 'Failed calls in a row.' }),
    failingSince: timestamp.nullable().meta({
      description:
        'When the first event was written that it has not taken: a replay from here tells all that it is owed.',
    }),
    retryAt: timestamp.nullable(),
    lastSuccessAt: timestamp.nullable(),
    lastFailureAt: timestamp.nullable(),
    lastFailure: z.string().nullable(),
    replayingSince: timestamp.nullable(),
    waiting: z.int().optional().meta({ description: 'Events that it is owed, counted up to 10,000.' }),
    createdAt: timestamp,
    updatedAt: timestamp,
    secrets: z
      .object({ secret: z.string() })
      .optional()
      .meta({ description: 'The signing secret, shown in this answer only.' }),
  })
  .meta({ id: 'WebhookEndpoint' });

/** `secret` and `events` as the form takes them. Throws VolleyError invalid_request. */
export function wantedOf(
  form: WebhookForm,
  given: readonly WebhookType[] | undefined,
): { filters: unknown; eventTypes: readonly string[] } {
  if (form === 'standard') {
    const types = [...new Set(given ?? WEBHOOK_TYPES)];
    return { filters: { types }, eventTypes: ledgerTypesOf({ form, types }) };
  }
  if (given !== undefined) refuse('events', 'is for the standard form: the others have words of their own');
  return { filters: {}, eventTypes: ledgerTypesOf({ form }) };
}

export function checkSecret(form: WebhookForm, secret: string | undefined): string | undefined {
  if (form !== 'standard' || secret === undefined) return secret;
  const encoded = secret.slice('whsec_'.length);
  const bytes = Buffer.from(encoded, 'base64');
  const isGood = bytes.length >= 24 && bytes.length <= 64 && bytes.toString('base64') === encoded;
  if (!STANDARD_SECRET.test(secret) || !isGood)
    refuse('secret', 'must be "whsec_" and the base64 of 24 to 64 bytes');
  return secret;
}

function refuse(at: string, problem: string): never {
  throw new VolleyError('invalid_request', `${at} ${problem}.`, { details: [{ at, problem }] });
}

/** An endpoint as this door shows it. */
export function endpointView(endpoint: WebhookEndpoint, more: { waiting?: number; secret?: string } = {}) {
  const { filters, failures, failingSince, retryAt, lastSuccessAt, lastFailureAt, lastFailure } = endpoint;
  return {
    ...{ id: endpoint.id, form: endpoint.form, url: endpoint.url, description: endpoint.description },
    events: eventsOf(endpoint.form, filters),
    ...{ status: endpoint.status, disabledReason: endpoint.disabledReason, disabledAt: endpoint.disabledAt },
    ...{ failures, failingSince, retryAt, lastSuccessAt, lastFailureAt, lastFailure },
    replayingSince: endpoint.replaySince,
    ...(more.waiting === undefined ? {} : { waiting: more.waiting }),
    ...{ createdAt: endpoint.createdAt, updatedAt: endpoint.updatedAt },
    ...(more.secret === undefined ? {} : { secrets: { secret: more.secret } }),
  };
}

function eventsOf(form: WebhookForm, filters: unknown): readonly string[] {
  if (form === 'courier') return ['message:updated'];
  if (form === 'bird') return [(filters as { event: string }).event];
  return (filters as { types: readonly string[] }).types;
}
