import fc from 'fast-check';
import curlExample from '../../support/seeds/bird-curl-example.json';
import fullRequest from '../../support/seeds/bird-full-request.json';
import { type BirdStand, createBirdStand, SEEDED_PATH } from './stand';

let stand: BirdStand;
beforeAll(async () => {
  stand = await createBirdStand();
});
afterAll(() => stand.close());

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const sound = {
  receiver: { contacts: [{ identifierValue: 'jane' }] },
  body: { type: 'text', text: { text: 'hello' } },
};
const POST = `${SEEDED_PATH}/batch/messages`;

async function countOf(table: string): Promise<number> {
  const [row] = await stand.database.db.query<{ n: number }>(`select count(*) as n from ${table}`);
  return row?.n ?? 0;
}

describe("the seed's curl example", () => {
  it('is accepted with nothing changed but the host, and each message can be asked for', async () => {
    const { status, json } = await stand.asSeeded('POST', POST, { body: curlExample });
    expect(status).toBe(202);
    expect(json).toEqual({
      id: expect.stringMatching(UUID),
      messages: Array(3).fill({ id: expect.stringMatching(UUID) }),
    });
    await stand.validate(json.id);
    for (const [index, element] of curlExample.messageRequests.entries()) {
      const shown = await stand.asSeeded('GET', `${SEEDED_PATH}/messages/${json.messages[index].id}`);
      expect(shown.json).toMatchObject({
        ...element,
        id: json.messages[index].id,
        batchId: json.id,
        status: 'accepted',
      });
    }
  });

  it('is accepted with the key as a Bearer too', async () => {
    const headers = { authorization: 'Bearer abcd' };
    expect((await stand.asSeeded('POST', POST, { body: curlExample, headers })).status).toBe(202);
  });
});

describe("the seed's full request", () => {
  it('gets 202 and ends rejected, with every fault named and capFrequency first', async () => {
    const { status, json } = await stand.asSeeded('POST', POST, { body: fullRequest });
    expect(status).toBe(202);
    await stand.validate(json.id);
    const shown = await stand.asSeeded('GET', `${SEEDED_PATH}/messages/${json.messages[0].id}`);
    expect(shown.json).toMatchObject({
      ...fullRequest.messageRequests[0],
      status: 'rejected',
      reason: 'cap_not_allowed',
      failure: { code: 11002, source: { name: 'pre-processing' } },
    });
    const { description } = shown.json.failure;
    expect(description).toMatch(/^capFrequency: /);
    for (const place of ['body.text.actions[0].link.url', 'notification.url', 'receiver.contacts']) {
      expect(description).toContain(`; ${place}: `);
    }
  });
});

describe('whatever is wrong inside an element', () => {
  it('rejects that message while the others go on', async () => {
    const { status, json } = await stand.send([sound, 42, null, { ...sound, validity: -1 }, sound]);
    expect(status).toBe(202);
    await stand.validate(json.id);
    const list = await stand.asSeeded('GET', `${SEEDED_PATH}/messages?batchId=${json.id}`);
    const byId = new Map(list.json.results.map((message: { id: string }) => [message.id, message]));
    const shown = json.messages.map(({ id }: { id: string }) => byId.get(id));
    expect(shown).toMatchObject([
      { status: 'accepted' },
      { status: 'rejected', request: 42, failure: { code: 11002 } },
      { status: 'rejected', request: null, failure: { code: 11002 } },
      { status: 'rejected', validity: -1, failure: { description: 'validity: must be at least 1' } },
      { status: 'accepted' },
    ]);
  });

  it('includes what no database can keep, and what would reach a prototype', async () => {
    const raw = `{"messageRequests": [
      {"receiver": {"contacts": [{"identifierValue": "a\\u0000b"}]}, "body": {"type": "text", "text": {"text": "\\ud800"}}},
      {"__proto__": {"x": 1}, "receiver": {"contacts": [{"identifierValue": "a"}]}, "body": {"type": "text", "text": {"text": "x"}}},
      ${'['.repeat(5_000)}${']'.repeat(5_000)}, {"validity": 1e999}]}`;
    const { status, json } = await stand.asSeeded('POST', POST, { raw });
    expect(status).toBe(202);
    await stand.validate(json.id);
    for (const { id } of json.messages) {
      const shown = await stand.asSeeded('GET', `${SEEDED_PATH}/messages/${id}`);
      expect(shown.json).toMatchObject({ status: 'rejected', failure: { code: 11002 } });
    }
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('is 202 and never 500, for every JSON value', async () => {
    const names = [
      ...Object.keys(fullRequest.messageRequests[0] ?? {}),
      'contacts',
      'identifierValue',
      'type',
      'text',
    ];
    const element = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.jsonValue({ maxDepth: 3 }),
        tie('record'),
        fc.array(tie('any'), { maxLength: 3 }),
      ),
      record: fc.dictionary(fc.constantFrom(...names), tie('any'), { maxKeys: 6 }),
    })).any;
    await fc.assert(
      fc.asyncProperty(fc.array(element, { minLength: 1, maxLength: 20 }), async (elements) => {
        const { status, json } = await stand.send(elements);
        expect(status).toBe(202);
        expect(json.messages).toHaveLength(elements.length);
        const list = await stand.asSeeded('GET', `${SEEDED_PATH}/messages?batchId=${json.id}&limit=100`);
        expect(list.status).toBe(200);
        expect(list.json.results).toHaveLength(elements.length);
      }),
      { numRuns: 40 },
    );
  });
});

describe('the whole call', () => {
  it('takes 100 messages, in request order', async () => {
    const elements = Array.from({ length: 100 }, (_, n) => ({ ...sound, reference: `${n}` }));
    const { status, json } = await stand.send(elements);
    expect(status).toBe(202);
    const last = await stand.asSeeded('GET', `${SEEDED_PATH}/messages/${json.messages[99].id}`);
    expect(last.json.reference).toBe('99');
  });

  it.each([
    ['101 messages', { messageRequests: Array(101).fill(sound) }],
    ['none', { messageRequests: [] }],
    ['no array', { messageRequests: 'x' }],
    ['nothing', {}],
  ])('is refused for %s, and nothing is stored', async (_, body) => {
    const before = [await countOf('jobs'), await countOf('messages'), await countOf('outbox')];
    const { status, json } = await stand.asSeeded('POST', POST, { body });
    expect(status).toBe(422);
    expect(json).toMatchObject({
      code: 'UnprocessableRequest',
      message: expect.any(String),
      details: { messageRequests: [expect.any(String)] },
    });
    expect([await countOf('jobs'), await countOf('messages'), await countOf('outbox')]).toEqual(before);
  });

  it.each(['{', '', '[', '"', 'undefined'])('is refused with 400 for the body %j', async (raw) => {
    const { status, json } = await stand.asSeeded('POST', POST, { raw });
    expect(status).toBe(400);
    expect(json).toEqual({
      code: 'InvalidRequest',
      message: expect.any(String),
      ...(raw === '' ? { details: expect.anything() } : {}),
    });
  });

  it('is refused with 413 over 10 MB', async () => {
    const raw = JSON.stringify({ messageRequests: [{ ...sound, pad: 'x'.repeat(10 * 1024 * 1024) }] });
    expect(await stand.asSeeded('POST', POST, { raw })).toMatchObject({
      status: 413,
      json: { code: 'PayloadTooLarge' },
    });
  });

  it('is 401 without a key or with a wrong one, worded by this door', async () => {
    for (const authorization of ['', 'AccessKey nobody', 'Bearer', 'Basic abcd']) {
      const answer = await stand.asSeeded('POST', POST, { body: curlExample, headers: { authorization } });
      expect(answer).toMatchObject({
        status: 401,
        json: { code: 'Unauthorized', message: expect.any(String) },
      });
    }
  });

  it('is 404 for channels and workspaces that are not of the key, malformed or foreign', async () => {
    const other = stand.workspaceId;
    const paths = [
      `/workspaces/${other}/channels/${other}`,
      `${SEEDED_PATH.slice(0, -1)}3`,
      '/workspaces/x/channels/y',
      `/workspaces/${other}${SEEDED_PATH.slice(SEEDED_PATH.indexOf('/channels'))}`,
      `${SEEDED_PATH}%00`,
    ];
    for (const path of paths) {
      const answer = await stand.asSeeded('POST', `${path}/batch/messages`, { body: curlExample });
      expect({ path, status: answer.status, code: answer.json?.code }).toEqual({
        path,
        status: 404,
        code: 'NotFound',
      });
    }
    const foreign = await stand.call('POST', POST, { body: curlExample });
    expect(foreign.status).toBe(404);
    const borrowed = await stand.call('POST', POST.replace(/[^/]+(?=\/channels)/, stand.workspaceId), {
      body: curlExample,
    });
    expect(borrowed.status).toBe(404);
  });

  it('is one batch for one Idempotency-Key, and 422 for another body', async () => {
    const headers = { 'Idempotency-Key': 'bird-1' };
    const first = await stand.send([sound], { headers });
    const again = await stand.send([sound], { headers });
    expect(again.json).toEqual(first.json);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await stand.send([sound, sound], { headers })).toMatchObject({
      status: 422,
      json: { code: 'IdempotencyMismatch' },
    });
  });
});
