import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { VolleyError } from '../../src/domain/errors';
import { DEFAULT_ROUTING_ORDER, type ChannelKind } from '../../src/domain/kinds';
import { type Provider } from '../../src/providers/contract';
import { parseInput } from '../middleware/validation';
import { label, timestamp, uuid } from './openapi-parts';

/** What this door needs to know of the ways out. */
export interface Providers {
  get(name: string): Provider | undefined;
  list(): readonly Pick<Provider, 'name' | 'kinds'>[];
}

/** Far beyond any vendor's limit: a larger number is a mistake. */
const MAX_RATE_PER_SECOND = 100_000;

const shared = {
  name: label,
  priority: z.int().min(0).max(1_000_000).meta({ description: 'Lower goes first, then age. Default 100.' }),
  enabled: z.boolean(),
  ratePerSecond: z
    .number()
    .positive()
    .max(MAX_RATE_PER_SECOND)
    .nullable()
    .meta({ description: 'Sends a second at most, over all jobs. null: no limit.' }),
  settings: z.record(z.string(), z.unknown()).meta({ description: "As the provider's page says." }),
  credentials: z
    .record(z.string(), z.unknown())
    .meta({ description: 'Encrypted at rest, never given back.' }),
};

export const newChannelSchema = z.strictObject({
  kind: z.enum(DEFAULT_ROUTING_ORDER),
  provider: z.string().min(1).max(100),
  ...z.object(shared).partial().shape,
  name: label,
});

/** `settings` and `credentials` are replaced whole. */
export const channelChangeSchema = z.strictObject(shared).partial();

export const channelSchema = z
  .object({
    id: uuid,
    kind: z.string(),
    provider: z.string(),
    name: z.string(),
    priority: z.int(),
    enabled: z.boolean(),
    ratePerSecond: z.number().nullable(),
    settings: z.unknown(),
    version: z.int().meta({ description: 'Rises with every change.' }),
    createdAt: timestamp,
    updatedAt: timestamp,
    secrets: z.record(z.string(), z.string()).optional().meta({
      description: 'What was generated for you (a signing secret), shown in this answer only.',
    }),
  })
  .meta({ id: 'Channel' });

/** Throws VolleyError invalid_request, naming what there is, for an unknown provider or one of other kinds. */
export function requireProvider(providers: Providers, name: string, kind: ChannelKind): Provider {
  const provider = providers.get(name);
  if (provider?.kinds.includes(kind)) return provider;
  const fitting = providers.list().filter((each) => each.kinds.includes(kind));
  const names = fitting.map((each) => each.name).join(', ') || 'none yet';
  const problem = provider ? `does not serve ${kind}` : 'is not a provider';
  throw new VolleyError('invalid_request', `"${name}" ${problem}: for ${kind} there is ${names}.`, {
    details: [{ at: 'provider', problem }],
  });
}

/** Settings as the provider's own schema reads them. */
export function checkSettings(provider: Provider, settings: unknown): unknown {
  return parseInput(provider.settings, settings ?? {}, 'settings');
}

/**
 * Throws VolleyError invalid_request where credentials that were stored for one endpoint would go to another: with a key
 * of the workspace alone they could be had by naming a server of one's own.
 */
export function requireSameEndpoint(provider: Provider, stored: unknown, wanted: unknown): void {
  if (!provider.endpoint) return;
  const before = provider.settings.safeParse(stored);
  if (before.success && isDeepStrictEqual(provider.endpoint(before.data), provider.endpoint(wanted))) return;
  throw new VolleyError(
    'invalid_request',
    'The settings lead to another server: give the credentials again, {} for none.',
    { details: [{ at: 'credentials', problem: 'are needed where the server changes' }] },
  );
}

/** Throws VolleyError invalid_request where a channel would come to speak to another network: see `Provider.network`. */
export function requireSameNetwork(provider: Provider, stored: unknown, wanted: unknown): void {
  const before = provider.settings.safeParse(stored);
  if (!before.success || provider.network?.(before.data) === provider.network?.(wanted)) return;
  throw new VolleyError(
    'invalid_request',
    'The settings lead to another network, and a channel keeps its own: create another channel.',
    { details: [{ at: 'settings', problem: 'lead to another network' }] },
  );
}

/** Credentials as given or generated; `shown` goes into this one answer. */
export function checkCredentials(
  provider: Provider,
  given: unknown,
): { credentials: unknown; shown: Readonly<Record<string, string>> | undefined } {
  const made = provider.generateCredentials?.(given) ?? { credentials: given ?? {} };
  return {
    credentials: parseInput(provider.credentials, made.credentials, 'credentials'),
    shown: made.shown,
  };
}
