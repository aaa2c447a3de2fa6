import fc from 'fast-check';
import { CHANNEL_KINDS, DEFAULT_ROUTING_ORDER, type ChannelKind } from '../../../src/domain/kinds';
import { type Recipient } from '../../../src/domain/message-spec';
import { chooseRoutes, type RoutableChannel, type RoutingInput } from '../../../src/domain/routing';

function channel(id: string, kind: ChannelKind, more: Partial<RoutableChannel> = {}): RoutableChannel {
  return { id, kind, provider: 'p', sandbox: false, priority: 0, createdAtMs: 0, enabled: true, ...more };
}

const ann: Recipient = {
  id: 'ann',
  idGenerated: false,
  addresses: { email: 'ann@x.test', sms: '+31600000001' },
};
const nobody: Recipient = { id: 'gen-1', idGenerated: true, addresses: {} };

function route(more: Partial<RoutingInput>): ReturnType<typeof chooseRoutes> {
  return chooseRoutes({ recipient: ann, order: DEFAULT_ROUTING_ORDER, channels: [], ...more });
}

function ids(result: ReturnType<typeof chooseRoutes>): string[] | string {
  return result.ok ? result.routes.map((one) => one.channelId) : result.reason;
}

describe('chooseRoutes by kind', () => {
  it('takes the first kind with an address and a channel, and fails over in the same order', () => {
    const channels = [
      channel('push', 'push'),
      channel('sms', 'sms'),
      channel('mail', 'email'),
      channel('box', 'inbox'),
    ];
    expect(ids(route({ channels }))).toEqual(['mail', 'sms', 'box']);
    expect(ids(route({ channels, wanted: ['sms', 'email', 'sms'] }))).toEqual(['sms', 'mail']);
  });

  it('orders a kind by priority, then age, then id', () => {
    const channels = [
      channel('d', 'email', { priority: 1 }),
      channel('c', 'email', { createdAtMs: 2 }),
      channel('b', 'email', { createdAtMs: 1 }),
      channel('a', 'email', { createdAtMs: 1 }),
    ];
    expect(ids(route({ channels }))).toEqual(['a', 'b', 'c', 'd']);
  });

  it('reaches an inbox by an id that was given and never by a generated one', () => {
    const channels = [channel('box', 'inbox')];
    expect(route({ channels, recipient: { ...nobody, id: 'spike', idGenerated: false } })).toEqual({
      ok: true,
      routes: [{ kind: 'inbox', channelId: 'box', address: 'spike' }],
    });
    expect(ids(route({ channels, recipient: nobody }))).toBe('no_address');
  });

  it('reaches everybody by webhook, but does not call its absence a missing channel', () => {
    expect(ids(route({ channels: [channel('hook', 'webhook')], recipient: nobody }))).toEqual(['hook']);
    expect(ids(route({ channels: [channel('mail', 'email')], recipient: nobody }))).toBe('no_address');
    expect(ids(route({ channels: [], wanted: ['webhook'], recipient: nobody }))).toBe('no_channel');
  });

  it('tells a missing channel from a missing address', () => {
    expect(ids(route({ channels: [channel('push', 'push')] }))).toBe('no_channel');
    expect(ids(route({ channels: [channel('mail', 'email', { enabled: false })] }))).toBe('no_channel');
    expect(ids(route({ channels: [channel('push', 'push')], wanted: ['push'] }))).toBe('no_address');
  });

  it('leaves the sandbox once another enabled channel of its kind exists', () => {
    const sandbox = channel('box', 'email', { sandbox: true, priority: -1 });
    expect(ids(route({ channels: [sandbox] }))).toEqual(['box']);
    expect(ids(route({ channels: [sandbox, channel('mail', 'email')] }))).toEqual(['mail']);
    expect(ids(route({ channels: [sandbox, channel('mail', 'email', { enabled: false })] }))).toEqual([
      'box',
    ]);
  });

  it('starts at a sandbox and falls back to a real channel, never the other way round', () => {
    const channels = [channel('s1', 'email', { sandbox: true }), channel('real', 'sms')];
    expect(ids(route({ channels }))).toEqual(['s1', 'real']);
    expect(ids(route({ channels, wanted: ['sms', 'email'] }))).toEqual(['real']);
  });
});

describe('chooseRoutes by channel id', () => {
  const channels = [
    channel('any', 'any', { sandbox: true }),
    channel('sms', 'sms'),
    channel('off', 'sms', { enabled: false }),
  ];

  it('gives that channel and no failover', () => {
    expect(route({ channels, channelId: 'sms' })).toEqual({
      ok: true,
      routes: [{ kind: 'sms', channelId: 'sms', address: '+31600000001' }],
    });
  });

  it('takes any address for `any`: its own first', () => {
    expect(route({ channels, channelId: 'any' })).toMatchObject({
      routes: [{ kind: 'any', address: 'ann@x.test' }],
    });
    const recipient = { ...ann, addresses: { ...ann.addresses, any: 'raw' } };
    expect(route({ channels, channelId: 'any', recipient })).toMatchObject({ routes: [{ address: 'raw' }] });
    expect(ids(route({ channels, channelId: 'any', recipient: nobody }))).toBe('no_address');
  });

  it('ends at a disabled or missing channel, and at an address of another kind', () => {
    expect(ids(route({ channels, channelId: 'off' }))).toBe('no_channel');
    expect(ids(route({ channels, channelId: 'nope' }))).toBe('no_channel');
    expect(ids(route({ channels, channelId: 'sms', recipient: nobody }))).toBe('no_address');
  });
});

describe('chooseRoutes, whatever the input', () => {
  const kind = fc.constantFrom(...CHANNEL_KINDS);
  const address = fc.option(fc.constantFrom('', 'a', 'b'), { nil: undefined });
  const recipient = fc
    .record({
      id: fc.constantFrom('', 'r1'),
      idGenerated: fc.boolean(),
      list: fc.array(fc.tuple(kind, address)),
    })
    .map(({ list, ...rest }): Recipient => ({
      ...rest,
      addresses: Object.fromEntries(list.filter(([, value]) => value !== undefined)),
    }));
  const channels = fc.uniqueArray(
    fc.record({
      id: fc.uuid(),
      kind,
      provider: fc.constant('p'),
      sandbox: fc.boolean(),
      priority: fc.integer({ min: 0, max: 2 }),
      createdAtMs: fc.integer({ min: 0, max: 2 }),
      enabled: fc.boolean(),
    }),
    { selector: (one) => one.id, maxLength: 12 },
  );
  const input = fc.record(
    { recipient, channels, order: fc.array(kind), wanted: fc.array(kind) },
    { requiredKeys: ['recipient', 'channels', 'order'] },
  );

  function everyRoute(
    check: (given: RoutingInput, routes: RoutableChannel[], addresses: string[]) => void,
  ): void {
    fc.assert(
      fc.property(input, (given) => {
        const result = chooseRoutes(given);
        if (!result.ok) return;
        const found = result.routes.map((one) => given.channels.find((each) => each.id === one.channelId));
        check(
          given,
          found as RoutableChannel[],
          result.routes.map((one) => one.address),
        );
      }),
    );
  }

  it('gives at least one route, each with an address and an enabled channel of a kind that was asked for', () => {
    everyRoute((given, found, addresses) => {
      expect(found.length).toBeGreaterThan(0);
      expect(addresses.every((one) => one.length > 0)).toBe(true);
      for (const one of found) {
        expect(one.enabled).toBe(true);
        expect(given.wanted ?? given.order).toContain(one.kind);
      }
      expect(new Set(found.map((one) => one.id)).size).toBe(found.length);
    });
  });

  it('never falls back to a sandbox, and starts at one only where its kind has nothing else', () => {
    everyRoute((given, found) => {
      expect(found.slice(1).some((one) => one.sandbox)).toBe(false);
      const [first] = found;
      if (!first?.sandbox) return;
      expect(given.channels.some((one) => one.kind === first.kind && one.enabled && !one.sandbox)).toBe(
        false,
      );
    });
  });

  it('never routes to `any`', () => {
    everyRoute((_given, found) => expect(found.some((one) => one.kind === 'any')).toBe(false));
  });

  it('depends on nothing but the set of channels: their order does not matter, and the input stays as it was', () => {
    fc.assert(
      fc.property(input, (given) => {
        const before = structuredClone(given);
        const result = chooseRoutes(given);
        expect(chooseRoutes({ ...given, channels: [...given.channels].reverse() })).toEqual(result);
        expect(given).toEqual(before);
      }),
    );
  });
});
