import { z } from 'zod';
import { createV1Dialect } from '../../../api/v1';
import { type Providers } from '../../../api/v1/channel-input';
import { type Provider } from '../../../src/providers/contract';
import { parseEgressAllow } from '../../../src/providers/egress/address-policy';
import { createEgress } from '../../../src/providers/egress/guarded-client';
import { createSecretBox } from '../../../src/runtime/secret-box';
import { createStand, type Stand } from '../framework/setup';

export const secretBox = createSecretBox([{ id: 'test', key: Buffer.alloc(32, 7) }]);

function provider(over: Partial<Provider>): Provider {
  return {
    name: 'mailer',
    kinds: ['email'],
    settings: z.strictObject({ host: z.string(), port: z.int().default(25) }),
    credentials: z.strictObject({ password: z.string().optional() }),
    dedupeWindowMs: () => 0,
    totalTimeoutMs: 1_000,
    send: async () => ({ type: 'accepted' }),
    ...over,
  };
}

/** Two ways out: one with a password, one that makes its own secret. */
const all: readonly Provider[] = [
  provider({}),
  provider({
    name: 'hook',
    kinds: ['webhook'],
    settings: z.strictObject({ url: z.url() }),
    credentials: z.strictObject({ secret: z.string() }),
    generateCredentials: (given) =>
      typeof given === 'object' && given !== null && 'secret' in given
        ? { credentials: given }
        : { credentials: { secret: 'generated-secret' }, shown: { secret: 'generated-secret' } },
  }),
];
export const providers: Providers = {
  get: (name) => all.find((each) => each.name === name),
  list: () => all,
};

const egress = createEgress({ allow: parseEgressAllow('127.0.0.0/8') });

/** Volley's own door on a real server and database. */
export function createV1Stand(): Promise<Stand> {
  return createStand([createV1Dialect({ providers, secretBox, egress })]);
}
