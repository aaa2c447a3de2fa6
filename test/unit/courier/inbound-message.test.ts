import { readInboundJob, type InboundJob } from '../../../api/courier/inbound-message';
import { VolleyError } from '../../../src/domain/errors';

const read = (message: Record<string, unknown>): InboundJob => readInboundJob({ message });

function refusal(body: unknown): string {
  try {
    readInboundJob(body);
  } catch (error) {
    if (error instanceof VolleyError && error.code === 'invalid_request') {
      return error.details.map(({ at, problem }) => `${at}: ${problem}`).join('\n');
    }
    throw error;
  }
  throw new Error('was not refused');
}

const inline = (title: string) => ({ title, body: 'b' });

describe('what is sent', () => {
  const all = {
    message: { content: inline('nested'), template: 'nested-template' },
    content: inline('outer'),
    template: 'outer-template',
    event: 'the-event',
  };

  test('is the first that is there, in the order of the seed and the SDKs', () => {
    expect(read(all).spec.content?.title).toBe('nested');
    expect(read(all).spec.template).toBeUndefined();
    expect(read({ ...all, message: { template: 'nested-template' } }).spec.template?.id).toBe(
      'nested-template',
    );
    expect(read({ ...all, message: {} }).spec.content?.title).toBe('outer');
    expect(read({ ...all, message: null, content: null }).spec.template?.id).toBe('outer-template');
    expect(read({ event: 'the-event' }).spec.template?.id).toBe('the-event');
  });

  test('an event beside content is kept as a label', () => {
    expect(read(all).spec).toMatchObject({ event: 'the-event', content: { title: 'nested' } });
  });

  test('nothing to send is refused, with all that could be sent', () => {
    for (const message of [{}, { message: {} }, { event: null, template: null }]) {
      expect(refusal({ message })).toMatch(/message\.content, message\.template, content, template or event/);
    }
  });
});

describe('the definition', () => {
  test('is the message as it came, fields that nothing acts on and unknown ones included', () => {
    const message = {
      event: 'e',
      brand: null,
      locale: { fr: { hello: 'bonjour' } },
      override: { smtp: { body: { a: [1, null] } } },
      unheardOf: { of: true },
      message: {
        template: 't',
        timeout: { message: 5 },
        expiry: { expires_in: 'P1D' },
        delay: { duration: 1 },
        providers: { sendgrid: { if: 'x' } },
        channels: { email: { routing_method: 'all' } },
        metadata: { tags: ['a'] },
        context: { tenant_id: 'x' },
      },
    };
    expect(read(structuredClone(message)).definition).toEqual(message);
  });

  test('has its event filled from the template where there was none', () => {
    expect(read({ message: { template: 'my-template' } }).definition['event']).toBe('my-template');
    expect(read({ template: 'my-template', event: null }).definition['event']).toBe('my-template');
    expect(read({ content: inline('t') }).definition).not.toHaveProperty('event');
  });
});

test('outer brand, data and locale are defaults of the nested message', () => {
  const outer = { event: 'e', brand: 'outer', locale: 'en_US', data: { a: 1, b: 1 } };
  expect(read(outer).spec).toMatchObject({ brand: 'outer', locale: 'en_US', data: { a: 1, b: 1 } });
  const message = { brand_id: 'inner', locale: 'de', data: { b: 2 } };
  expect(read({ ...outer, message }).spec).toMatchObject({
    brand: 'inner',
    locale: 'de',
    data: { a: 1, b: 2 },
  });
});

describe('the brand that Elemental names', () => {
  const content = (brand: unknown) => ({
    version: '2022-01-01',
    brand,
    elements: [{ type: 'text', content: 'x' }],
  });

  test('is taken where the message names none', () => {
    expect(read({ content: content('own') }).spec.brand).toBe('own');
    expect(read({ message: { content: content('own') } }).spec.brand).toBe('own');
    expect(read({ brand: 'outer', message: { content: content('own') } }).spec.brand).toBe('outer');
    expect(read({ content: content('own'), message: { brand_id: 'inner' } }).spec.brand).toBe('inner');
    expect(read({ content: content(null) }).spec).not.toHaveProperty('brand');
  });

  test.each([{}, 7, '', 'x'.repeat(257), ['own']])('is refused where it is no slug: %.20j', (brand) => {
    expect(refusal({ message: { message: { content: content(brand) } } })).toContain(
      'message.message.content.brand: must be the slug of a brand',
    );
  });
});

test('a locale is a language, or data by language', () => {
  expect(read({ event: 'e', locale: 'en_US' }).spec).toMatchObject({ locale: 'en_US' });
  const byLocale = read({ event: 'e', locale: { fr: { hello: 'bonjour' } } }).spec;
  expect(byLocale).toMatchObject({ dataByLocale: { fr: { hello: 'bonjour' } } });
  expect(byLocale).not.toHaveProperty('locale');
  expect(refusal({ message: { event: 'e', locale: { fr: 'bonjour' } } })).toContain(
    'message.locale: must be',
  );
});

test('data is taken in 200 languages at most', () => {
  const locale = (n: number) =>
    Object.fromEntries(Array.from({ length: n }, (_, k) => [`xx-${k}`, { hello: 'x' }]));
  expect(Object.keys(read({ event: 'e', locale: locale(200) }).spec.dataByLocale ?? {})).toHaveLength(200);
  expect(refusal({ message: { event: 'e', locale: locale(201) } })).toContain('more than 200 languages');
});

describe('routing', () => {
  const route = (channels: unknown[], method = 'single') =>
    read({ message: { template: 't', routing: { method, channels } } }).spec.route;

  test('is the order of channels, in our words for kinds, each once', () => {
    expect(route(['direct_message', 'email', 'email', 'push', 'inbox', 'sms', 'webhook'])).toEqual([
      'chat',
      'email',
      'push',
      'inbox',
      'sms',
      'webhook',
    ]);
  });

  test('single within single is flattened', () => {
    expect(
      route([{ method: 'single', channels: ['sms', { method: 'single', channels: ['push'] }] }, 'email']),
    ).toEqual(['sms', 'push', 'email']);
  });

  test('reads a channel written as an object, as SDK v3 to v6 type it, by its name', () => {
    const asking = [null, {}, [], ''].map((nothing) => ({
      config: nothing,
      providers: nothing,
      if: nothing,
    }));
    expect(route([{ channel: 'sms', method: 'single' }, 'email', { channel: 'direct_message' }])).toEqual([
      ...['sms', 'email', 'chat'],
    ]);
    for (const nothing of asking)
      expect(route([{ channel: 'push', method: null, ...nothing }])).toEqual(['push']);
  });

  test.each([
    [{ method: 'all' }, 'method: routing to all channels is not supported yet'],
    [{ config: { x: 1 } }, 'config: is not supported yet'],
    [{ providers: ['sendgrid'] }, 'providers: is not supported yet'],
    [{ if: 'data.vip' }, 'if: is not supported yet'],
    [{ channel: 'Banner' }, 'channel: no channel is called "Banner"'],
  ])('refuses what a channel written as an object asks beside its name, by path: %j', (more, text) => {
    const routing = { method: 'single', channels: ['sms', { channel: 'email', ...more }] };
    expect(refusal({ message: { event: 'e', routing } })).toContain(`message.routing.channels[1].${text}`);
  });

  test.each([
    ...[{}, { channel: 1 }, { channel: 'email', method: 'some' }, { name: 'sendgrid' }],
    ...[
      { channel: 'email', channels: [1] },
      { channel: 'email', method: null, channels: 5 },
    ],
  ])('refuses %j, which is no channel', (channel) => {
    const routing = { method: 'single', channels: [channel] };
    expect(refusal({ message: { event: 'e', routing } })).toContain(
      'message.routing.channels[0]: must be a channel, {channel} or',
    );
  });

  test('without channels it is the order of the workspace', () => {
    expect(route([])).toBeUndefined();
    expect(read({ event: 'e' }).spec).not.toHaveProperty('route');
  });

  test('to all channels is refused, wherever it is said', () => {
    const routing = { method: 'all', channels: ['email'] };
    const nested = { method: 'single', channels: ['sms', routing] };
    expect(refusal({ message: { event: 'e', routing } })).toContain('message.routing.method: routing to all');
    expect(refusal({ message: { message: { template: 't', routing: nested } } })).toContain(
      'message.message.routing.channels[1].method: routing to all',
    );
  });

  test('an unknown channel is refused by its name', () => {
    for (const channel of ['sendgrid', 'Banner', 'constructor', 'EMAIL']) {
      const message = { message: { template: 't', routing: { method: 'single', channels: [channel] } } };
      expect(refusal({ message })).toContain(
        `message.message.routing.channels[0]: no channel is called "${channel}"`,
      );
    }
  });

  test('passes over a banner, and alone refuses it instead of taking any channel', () => {
    const single = (...channels: unknown[]) => ({ method: 'single', channels });
    expect(route(['banner', 'email'])).toEqual(['email']);
    expect(route([single('banner'), 'sms'])).toEqual(['sms']);
    expect(route(['sms', { channel: 'banner' }])).toEqual(['sms']);
    for (const routing of [single('banner'), single(single('banner')), single({ channel: 'banner' })]) {
      expect(refusal({ message: { event: 'e', routing } })).toBe(
        'message.routing.channels: a banner reaches nobody here; name another channel too',
      );
    }
  });

  test('is of 50 channels at most, nested ones counted', () => {
    const emails = (length: number) => Array.from({ length }, () => 'email');
    expect(route(emails(50))).toEqual(['email']);
    expect(() => route(emails(51))).toThrow('not valid');
    const nested = (length: number) => [{ method: 'single', channels: emails(length) }, ...emails(24)];
    expect(route(nested(25))).toEqual(['email']);
    expect(() => route(nested(26))).toThrow('not valid');
  });

  test('absurdly nested, it is refused', () => {
    let routing: unknown = { method: 'single', channels: ['email'] };
    for (let depth = 0; depth < 20; depth += 1) routing = { method: 'single', channels: [routing] };
    expect(refusal({ message: { event: 'e', routing } })).toContain('nested over');
  });
});

test.each([
  [undefined, 'body: '],
  [null, 'body: '],
  [[], 'body: '],
  ['x', 'body: '],
  [{}, 'message: '],
  [{ message: [] }, 'message: '],
  [{ message: { event: 42 } }, 'message.event: '],
  [{ message: { event: '' } }, 'message.event: '],
  [{ message: { event: 'e'.repeat(257) } }, 'message.event: '],
  [{ message: { event: 'e', data: [] } }, 'message.data: '],
  [{ message: { event: 'e', brand: 1 } }, 'message.brand: '],
  [{ message: { event: 'e', locale: 1 } }, 'message.locale: '],
  [{ message: { event: 'e', message: 'm' } }, 'message.message: '],
  [{ message: { message: { template: {} } } }, 'message.message.template: '],
  [{ message: { message: { template: 't', timeout: 5 } } }, 'message.message.timeout: '],
  [{ message: { content: 'text' } }, 'message.content: '],
  [{ message: { content: {} } }, 'message.content: '],
  [{ message: { event: 'e', routing: 'email' } }, 'message.routing: '],
  [{ message: { event: 'e', routing: { method: 'some', channels: [] } } }, 'message.routing.method: '],
  [
    { message: { event: 'e', routing: { method: 'single', channels: [1] } } },
    'message.routing.channels[0]: ',
  ],
  [{ message: { event: 'e', data: { blob: 'x'.repeat(1_000_001) } } }, 'message.data: '],
])('a wrong type or size is refused by its path: %.60j', (body, at) => {
  expect(refusal(body)).toContain(at);
});

test('data, that by language and utm together, which every message reads, is 1 MB at most', () => {
  const half = 'x'.repeat(520_000);
  const parts = {
    data: { half },
    locale: { fr: { half } },
    metadata: { utm: { source: half } },
  };
  for (const message of [{ data: parts.data }, { locale: parts.locale }, { metadata: parts.metadata }]) {
    expect(read({ event: 'e', ...message }).spec.event).toBe('e');
  }
  const { data, locale, metadata } = parts;
  for (const two of [
    { data, locale },
    { data, metadata },
    { locale, message: { template: 't', metadata } },
  ]) {
    expect(refusal({ message: { event: 'e', ...two } })).toMatch(
      /message\.data: \d+ bytes of JSON; at most 1000000/,
    );
  }
});

test('a definition, which every call about its job reads, is 2 MB at most, whatever it is made of', () => {
  const pad = (bytes: number) => ({ event: 'e', override: { email: { pad: 'x'.repeat(bytes) } } });
  expect(read(pad(1_900_000)).definition).toHaveProperty('override');
  expect(refusal({ message: pad(2_000_000) })).toMatch(/^message: \d+ bytes of JSON; at most 2000000$/);
  expect(refusal({ message: { event: 'e', message: pad(2_000_000) } })).toContain('message: ');
});
