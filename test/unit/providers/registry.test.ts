import { createEgress } from '../../../src/providers/egress/guarded-client';
import { createProviders } from '../../../src/providers/registry';
import { CHANNEL_KINDS } from '../../../src/domain/kinds';
import { createMemorySandboxLog } from '../../support/sinks/sandbox-log';

const providers = createProviders({
  egress: createEgress({ allow: [] }),
  sandboxLog: createMemorySandboxLog(),
});
afterAll(() => providers.close());

test('each provider is found by its name, and nobody by the name of an object property', () => {
  expect(providers.list().map(({ name }) => name)).toEqual([
    'smtp',
    'sendgrid',
    'twilio',
    'webhook',
    'sandbox',
  ]);
  for (const provider of providers.list()) expect(providers.get(provider.name)).toBe(provider);
  for (const name of ['', 'constructor', '__proto__', 'SMTP']) expect(providers.get(name)).toBeUndefined();
});

test('smtp serves e-mail, webhook webhooks, and the sandbox every kind', () => {
  const serving = (kind: (typeof CHANNEL_KINDS)[number]) => providers.forKind(kind).map(({ name }) => name);
  expect(serving('email')).toEqual(['smtp', 'sendgrid', 'sandbox']);
  expect(serving('webhook')).toEqual(['webhook', 'sandbox']);
  for (const kind of CHANNEL_KINDS) expect(serving(kind)).toContain('sandbox');
});

test('only the sandbox is one, and every provider says how long a call may take', () => {
  expect(
    providers
      .list()
      .filter(({ sandbox }) => sandbox)
      .map(({ name }) => name),
  ).toEqual(['sandbox']);
  for (const { totalTimeoutMs } of providers.list()) expect(totalTimeoutMs).toBeGreaterThan(0);
});
