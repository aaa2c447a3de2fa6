import fc from 'fast-check';
import curlExample from '../../support/seeds/bird-curl-example.json';
import fullRequest from '../../support/seeds/bird-full-request.json';
import { CHANNEL, NOW_MS, openFakeDoor, SEND, textBody, to, WORKSPACE } from './fake-service';

const sound = { receiver: to('jane'), body: textBody('hello') };
const many = (n: number) => ({ messageRequests: Array.from({ length: n }, () => sound) });

describe('the seed', () => {
  it('accepts the curl example as it stands, in request order and without a fault', async () => {
    const door = openFakeDoor();
    const reply = await door.call(SEND, { body: curlExample });
    expect(reply).toMatchObject({ status: 202, body: { id: expect.any(String) } });
    const { messages } = reply.body as { messages: { id: string }[] };
    expect(messages).toHaveLength(3);
    const specs = door.batches[0]?.messages.map(({ spec }) => spec) ?? [];
    expect(specs.map(({ faults }) => faults)).toEqual([undefined, undefined, undefined]);
    expect(specs[0]).toMatchObject({
      content: { text: 'Hey, I am a simple text message', interpolate: false },
    });
    expect(specs[1]?.template).toEqual({
      id: '4b7e08a9-5d0e-4e56-aaf1-cd0bfa29d431',
      version: 'fe72e43f-340e-4d41-9a9e-a136278ebb04',
      locale: 'en',
    });
    expect(specs[2]?.notBeforeMs).toBeUndefined();
    const given = curlExample.messageRequests.map(({ receiver }) => receiver.contacts[0]?.identifierValue);
    expect(specs.map(({ recipient }) => recipient.addresses.any)).toEqual(given);
  });

  it('names every fault of the full request, capFrequency first', async () => {
    const door = openFakeDoor();
    const reply = await door.call(SEND, { body: fullRequest });
    expect(reply.status).toBe(202);
    const [message] = door.batches[0]?.messages ?? [];
    expect(message?.spec.faults).toEqual([
      { reason: 'cap_not_allowed', description: expect.stringMatching(/^capFrequency: .*marketing/) },
      {
        reason: 'invalid_input',
        description: expect.stringMatching(/^body\.text\.actions\[0\]\.link\.url: /),
      },
      { reason: 'invalid_input', description: expect.stringMatching(/^notification\.url: /) },
      { reason: 'no_address', description: expect.stringMatching(/^receiver\.contacts: .*type to/) },
    ]);
    expect(message?.echo).toEqual(fullRequest.messageRequests[0]);
  });
});

describe('the whole call', () => {
  it.each([
    ['no body', undefined],
    ['an array', []],
    ['text', 'hello'],
    ['null', null],
  ])('is refused with 400 when the body is %s', async (_, body) => {
    const reply = await openFakeDoor().call(SEND, { body });
    expect(reply).toMatchObject({ status: 400, body: { code: 'InvalidRequest' } });
  });

  it.each([
    ['missing', {}],
    ['an object', { messageRequests: {} }],
    ['null', { messageRequests: null }],
    ['empty', { messageRequests: [] }],
    ['of 101', many(101)],
  ])('is refused with 422, saying how to mend it, when messageRequests is %s', async (_, body) => {
    const door = openFakeDoor();
    const reply = await door.call(SEND, { body });
    expect(reply).toMatchObject({
      status: 422,
      body: { details: { messageRequests: [expect.stringContaining('must')] } },
    });
    expect(door.batches).toEqual([]);
  });

  it('takes 100 messages', async () => {
    const reply = await openFakeDoor().call(SEND, { body: many(100) });
    expect(reply.status).toBe(202);
    expect((reply.body as { messages: unknown[] }).messages).toHaveLength(100);
  });

  it.each([
    ['a foreign workspace', { workspaceId: CHANNEL, channelId: CHANNEL }],
    ['an unknown channel', { workspaceId: WORKSPACE, channelId: WORKSPACE }],
    ['a malformed channel', { workspaceId: WORKSPACE, channelId: "1'--" }],
  ])('is 404 for %s', async (_, params) => {
    const reply = await openFakeDoor().call(SEND, { params, body: many(1) });
    expect(reply).toMatchObject({ status: 404, body: { code: 'NotFound' } });
  });

  it('finds workspace and channel whatever the case of their ids', async () => {
    const params = { workspaceId: WORKSPACE.toUpperCase(), channelId: CHANNEL.toUpperCase() };
    expect((await openFakeDoor().call(SEND, { params, body: many(1) })).status).toBe(202);
  });

  it('takes the guarantee from the header that every SDK can send, and refuses a misspelt one', async () => {
    const door = openFakeDoor();
    const header = (value: string) => (name: string) => (name === 'Volley-Options' ? value : undefined);
    await door.call(SEND, { body: many(1), header: header('guarantee=at_most_once') });
    await door.call(SEND, { body: many(1) });
    expect(door.batches.map(({ guarantee }) => guarantee)).toEqual(['at_most_once', 'at_least_once']);
    const reply = await door.call(SEND, { body: many(1), header: header('guarantee=once') });
    expect(reply).toMatchObject({
      status: 422,
      body: { details: { 'Volley-Options': [expect.any(String)] } },
    });
  });
});

describe('an element', () => {
  it('that is no object ends faulty while the others go on', async () => {
    const door = openFakeDoor();
    const odd = [42, null, 'x', [], true, {}];
    const reply = await door.call(SEND, { body: { messageRequests: [...odd, sound] } });
    expect(reply.status).toBe(202);
    const messages = door.batches[0]?.messages ?? [];
    expect(messages.map(({ spec }) => spec.faults?.[0]?.reason)).toEqual([
      ...odd.map(() => 'invalid_input'),
      undefined,
    ]);
    expect(messages.map(({ echo }) => echo)).toEqual([...odd, sound]);
  });

  it('that could not be kept as sent ends faulty, with the place named', async () => {
    const door = openFakeDoor();
    const poison = [
      { at: 'messageRequests[1].body.text.text', problem: 'holds a NUL character' },
      { at: 'messageRequests[1]["a b"]', problem: 'has a reserved name' },
    ];
    const reply = await door.call(SEND, { body: many(3), poison });
    expect(reply.status).toBe(202);
    expect(door.batches[0]?.messages.map(({ spec }) => spec.faults)).toEqual([
      undefined,
      [
        { reason: 'invalid_input', description: 'body.text.text: holds a NUL character' },
        { reason: 'invalid_input', description: '["a b"]: has a reserved name' },
      ],
      undefined,
    ]);
  });

  it('is not blamed for what could not be kept outside of any element', async () => {
    const poison = [{ at: '__proto__', problem: 'has a reserved name' }];
    const reply = await openFakeDoor().call(SEND, { body: many(1), poison });
    expect(reply).toMatchObject({ status: 422 });
  });

  it('is accepted whatever JSON it is, kept as sent, and never throws', async () => {
    const key = fc.constantFrom(
      ...Object.keys(fullRequest.messageRequests[0] ?? {}),
      'contacts',
      'type',
      'text',
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ maxDepth: 4 }, fc.jsonValue(), tie('record'), fc.array(tie('any'), { maxLength: 3 })),
      record: fc.dictionary(key, tie('any'), { maxKeys: 6 }),
    })).any;
    await fc.assert(
      fc.asyncProperty(fc.oneof(value, fc.jsonValue(), damaged()), async (element) => {
        const door = openFakeDoor();
        const before = JSON.stringify(element);
        const reply = await door.call(SEND, { body: { messageRequests: [element] } });
        expect(reply.status).toBe(202);
        expect(JSON.stringify(door.batches[0]?.messages[0]?.echo)).toBe(before);
      }),
      { numRuns: 500 },
    );
  });

  /** The seed's full element with one of its values, at any depth, replaced by any JSON. */
  function damaged(): fc.Arbitrary<unknown> {
    const paths: PropertyKey[][] = [];
    const walk = (at: unknown, path: PropertyKey[]): void => {
      paths.push(path);
      if (typeof at !== 'object' || at === null) return;
      for (const [name, inner] of Object.entries(at)) walk(inner, [...path, name]);
    };
    walk(fullRequest.messageRequests[0], []);
    return fc.tuple(fc.constantFrom(...paths.slice(1)), fc.jsonValue()).map(([path, value]) => {
      const copy = structuredClone(fullRequest.messageRequests[0]) as unknown;
      const parent = path
        .slice(0, -1)
        .reduce<unknown>((at, name) => (at as Record<PropertyKey, unknown>)[name], copy);
      (parent as Record<PropertyKey, unknown>)[path.at(-1) ?? ''] = value;
      return copy;
    });
  }

  it('with a thousand faults is told of fifty and how many more', async () => {
    const identifiers = Array.from({ length: 1_000 }, () => 1);
    const door = openFakeDoor();
    const element = { ...sound, receiver: { contacts: [{ identifierValue: 'jane', identifiers }] } };
    await door.call(SEND, { body: { messageRequests: [element] } });
    const faults = door.batches[0]?.messages[0]?.spec.faults ?? [];
    expect(faults).toHaveLength(51);
    expect(faults.at(-1)?.description).toBe('and 950 more');
  });

  it('of 200 KB is taken; a larger one is faulted and its bulk not kept, and the others go on', async () => {
    const door = openFakeDoor();
    const sized = (bytes: number) => {
      const element = { ...sound, reference: 'order-1', body: textBody('') };
      const room = bytes - Buffer.byteLength(JSON.stringify(element));
      return { ...element, body: textBody('x'.repeat(room)) };
    };
    const endless = { reference: 'x'.repeat(300_000), body: sound.body };
    const elements = [sized(204_800), sized(204_801), endless, 'x'.repeat(300_000), sound];
    const reply = await door.call(SEND, { body: { messageRequests: elements } });
    expect(reply.status).toBe(202);
    const messages = door.batches[0]?.messages ?? [];
    const faults = [
      { reason: 'invalid_input', description: 'message: is over 200 KB: send less in one message' },
    ];
    expect(messages.map(({ spec }) => spec.faults)).toEqual([undefined, faults, faults, faults, undefined]);
    expect(messages.map(({ echo }) => echo)).toEqual([
      elements[0],
      { reference: 'order-1', receiver: sound.receiver },
      {},
      null,
      sound,
    ]);
    expect(JSON.stringify(messages.slice(1, 4)).length).toBeLessThan(2_000);
  });

  it('of a hundred kilobytes of nonsense is faulted without being gone through, and large data is no nonsense', async () => {
    const door = openFakeDoor();
    const identifiers = Array.from({ length: 50_000 }, () => 1);
    const lines = Array.from({ length: 50_000 }, () => 1);
    await door.call(SEND, {
      body: {
        messageRequests: [
          { ...sound, receiver: { contacts: [{ identifierValue: 'jane', identifiers }] } },
          { receiver: to('jane'), template: { projectId: 'x', variables: { lines } } },
        ],
      },
    });
    const [nonsense, large] = door.batches[0]?.messages ?? [];
    expect(nonsense?.spec.faults).toEqual([
      { reason: 'invalid_input', description: expect.stringContaining('more than 1500 values') },
    ]);
    expect(large?.spec.faults).toBeUndefined();
  });

  it('with an address of more bytes than an index takes is faulted, and the others go on', async () => {
    const door = openFakeDoor();
    const long = { receiver: { contacts: [{ identifierValue: '\u6f22'.repeat(2_000) }] }, body: sound.body };
    await door.call(SEND, { body: { messageRequests: [long, sound] } });
    const [faulted, other] = door.batches[0]?.messages ?? [];
    const tooLong = { reason: 'invalid_input', description: expect.stringContaining('2048 bytes') };
    expect(faulted?.spec.faults).toContainEqual(tooLong);
    expect(other?.spec.faults).toBeUndefined();
  });

  it('carries its validity from the later of schedule and acceptance', async () => {
    const door = openFakeDoor();
    const soon = NOW_MS + 60_000;
    const elements = [
      sound,
      { ...sound, scheduledFor: new Date(soon).toISOString(), validity: 5 },
      { ...sound, scheduledFor: '2024-12-31T23:00:00+00:00', validity: 5 },
    ];
    await door.call(SEND, { body: { messageRequests: elements } });
    expect(
      door.batches[0]?.messages.map(({ spec }) => [spec.notBeforeMs, spec.validUntilMs, spec.faults]),
    ).toEqual([
      [undefined, NOW_MS + 129_600_000, undefined],
      [soon, soon + 5_000, undefined],
      [undefined, NOW_MS + 5_000, undefined],
    ]);
  });
});
