import { type BirdStand, createBirdStand, SEEDED_PATH } from './stand';
import { SEEDED_CHANNEL_ID } from '../../../src/service/seed-workspace';
import { attempt } from '../courier/ledger-moves';

let stand: BirdStand;
beforeAll(async () => {
  stand = await createBirdStand();
});
afterAll(() => stand.close());

const sound = {
  receiver: { contacts: [{ identifierValue: 'jane' }] },
  body: { type: 'text', text: { text: 'hello' } },
};
const MESSAGES = `${SEEDED_PATH}/messages`;
const post = (body: unknown, headers: Record<string, string> = {}) =>
  stand.asSeeded('POST', MESSAGES, { body, headers });
const get = (path: string) => stand.asSeeded('GET', path);
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

it('a single message is answered 202 with the whole message', async () => {
  const { status, json } = await post({ ...sound, reference: 'mine', tags: ['Spring'] });
  expect(status).toBe(202);
  expect(json).toMatchObject({
    ...sound,
    reference: 'mine',
    tags: ['spring'],
    sender: { connector: { id: SEEDED_CHANNEL_ID } },
    status: 'accepted',
    reason: '',
    parts: [],
    direction: 'outgoing',
  });
  expect((await get(`${MESSAGES}/${json.id}`)).json).toEqual(json);
});

it('with an Idempotency-Key a repetition is the same message', async () => {
  const headers = { 'Idempotency-Key': 'single-1' };
  expect((await post(sound, headers)).json).toEqual((await post(sound, headers)).json);
});

it.each([
  [{ ...sound, validity: 'long' }, ['validity']],
  [{ body: sound.body }, ['receiver']],
  [{ ...sound, replyTo: { type: 'x' } }, ['replyTo.type']],
  [{ ...sound, body: { type: 'nonsense' } }, ['body.type']],
  [{ ...sound, body: 'Hello' }, ['body']],
  [{ receiver: sound.receiver }, ['message']],
  [{ ...sound, scheduledFor: '4000-01-01T00:00:00Z', tags: [1] }, ['tags[0]', 'scheduledFor']],
])('what is wrong with a field is told at once: %j', async (body, fields) => {
  const { status, json } = await post(body);
  expect(status).toBe(422);
  expect(Object.keys(json.details).toSorted()).toEqual(fields.toSorted());
});

it('what cannot be kept is told at the place where the caller wrote it', async () => {
  const { status, json } = await post({
    ...sound,
    body: { type: 'text', text: { text: 'a\0b', metadata: { 'x y': '\0' } } },
    reference: '\0',
  });
  expect(status).toBe(422);
  expect(json.details).toEqual({
    'body.text.text': [expect.stringContaining('NUL')],
    'body.text.metadata["x y"]': [expect.stringContaining('NUL')],
    reference: [expect.stringContaining('NUL')],
  });
});

it('a body that is no object is 400', async () => {
  for (const body of [[], 1, 'x']) expect((await post(body)).status).toBe(400);
});

it('what only the delivery decides is 202, then rejected with the reason and a failure', async () => {
  const { status, json } = await post({ ...sound, capFrequency: true });
  expect(status).toBe(202);
  await stand.validate(json.batchId);
  expect((await get(`${MESSAGES}/${json.id}`)).json).toMatchObject({
    status: 'rejected',
    reason: 'cap_not_allowed',
    failure: { code: 11002, description: expect.stringContaining('capFrequency') },
  });
});

it('a scheduled message is deleted once, and its attempt never begins', async () => {
  const { json } = await post({ ...sound, scheduledFor: inAnHour() });
  await stand.validate(json.batchId);
  const path = `${MESSAGES}/${json.id}`;
  expect((await get(path)).json.status).toBe('scheduled');
  const deleted = await stand.asSeeded('DELETE', path);
  expect([deleted.status, deleted.json.status, deleted.json.reason]).toEqual([200, 'deleted', 'canceled']);
  expect(
    (await get(`${MESSAGES}?status=deleted`)).json.results.map(({ id }: { id: string }) => id),
  ).toContain(json.id);
  await expect(attempt(stand.database.db, json.id)).rejects.toThrow('settled');
});

it('a message whose call is in doubt is 409, and ends there: no other call is made', async () => {
  const { json } = await post(sound);
  const doubt = { outcome: 'ambiguous', state: 'waiting', waitReason: 'backoff', waitMs: 0 } as const;
  await attempt(stand.database.db, json.id, doubt);
  const path = `${MESSAGES}/${json.id}`;
  expect(await stand.asSeeded('DELETE', path)).toMatchObject({
    status: 409,
    json: { code: 'Conflict', message: expect.stringContaining('sending_failed') },
  });
  expect((await get(path)).json).toMatchObject({ status: 'sending_failed', failure: { code: 15001 } });
  await expect(attempt(stand.database.db, json.id)).rejects.toThrow('settled');
});

it('a message that was sent is not deleted: 409, and nothing changes', async () => {
  const { json } = await post(sound);
  await attempt(stand.database.db, json.id, { vendorId: 'vendor-1' });
  const path = `${MESSAGES}/${json.id}`;
  expect(await stand.asSeeded('DELETE', path)).toMatchObject({ status: 409, json: { code: 'Conflict' } });
  expect((await get(path)).json).toMatchObject({
    status: 'sent',
    parts: [{ platformReference: 'vendor-1' }],
  });
});

it('lastStatusAt is when the status changed, not when anything about the message did', async () => {
  const { json } = await post(sound);
  await attempt(stand.database.db, json.id);
  const before = (await get(`${MESSAGES}/${json.id}`)).json;
  await stand.database.db.query('update message_states set cancel_requested = true where message_id = $1', [
    json.id,
  ]);
  expect((await get(`${MESSAGES}/${json.id}`)).json.lastStatusAt).toBe(before.lastStatusAt);
});

it('interactions are what the recipient did, oldest first', async () => {
  const { json } = await post(sound);
  await attempt(stand.database.db, json.id, { settled: 'delivered' });
  const note = (type: string, data: object) =>
    stand.database.db.query(
      'insert into events (message_id, workspace_id, type, data) values ($1, (select workspace_id from messages where id = $1), $2, $3)',
      [json.id, type, JSON.stringify(data)],
    );
  await note('opened', {});
  await note('clicked', { url: 'https://x.example/a' });
  await note('complained', {});
  const { results } = (await get(`${MESSAGES}/${json.id}/interactions`)).json;
  expect(results).toEqual([
    expect.objectContaining({ type: 'opened', messageId: json.id, createdAt: expect.any(String) }),
    expect.objectContaining({ type: 'clicked', metadata: { url: 'https://x.example/a' } }),
    expect.objectContaining({ type: 'reported-as-spam' }),
  ]);
  expect((await get(`${MESSAGES}/00000000-0000-7000-8000-000000000000/interactions`)).status).toBe(404);
});

it('what a vendor of texts tells as opened is the interaction read', async () => {
  const { json } = await post(sound);
  const { deliveryId } = await attempt(stand.database.db, json.id, { settled: 'delivered' }, 'twilio', 'sms');
  await stand.database.db.query(
    `insert into events (message_id, workspace_id, type, data)
     select id, workspace_id, 'opened', jsonb_build_object('deliveryId', $2::text) from messages where id = $1`,
    [json.id, deliveryId],
  );
  const { results } = (await get(`${MESSAGES}/${json.id}/interactions`)).json;
  expect(results).toEqual([expect.objectContaining({ type: 'read', messageId: json.id })]);
});

it('a batch tells its counts, and is cancelled as one', async () => {
  const sent = await stand.send([sound, { ...sound, scheduledFor: inAnHour() }, 42]);
  await stand.validate(sent.json.id);
  const path = `${SEEDED_PATH}/batch/${sent.json.id}`;
  expect((await get(path)).json).toMatchObject({
    id: sent.json.id,
    status: 'processing',
    messages: 3,
    counts: { accepted: 1, waiting: 1, rejected: 1 },
  });
  const canceled = await stand.asSeeded('POST', `${path}/cancel`);
  expect([canceled.status, canceled.json.status]).toEqual([202, 'canceled']);
  const [first] = sent.json.messages;
  await expect(attempt(stand.database.db, first.id)).rejects.toThrow('canceled');
});

it('a batch of another channel, or none, is 404', async () => {
  for (const id of ['x', '00000000-0000-7000-8000-000000000000']) {
    expect((await get(`${SEEDED_PATH}/batch/${id}`)).status).toBe(404);
    expect((await stand.asSeeded('POST', `${SEEDED_PATH}/batch/${id}/cancel`)).status).toBe(404);
  }
});

it('reverse gives the same messages from the other end', async () => {
  const { json } = await stand.send(Array(7).fill(sound));
  const listed = async (more: string) => {
    const seen: string[] = [];
    for (let token = ''; ;) {
      const page = (
        await get(`${MESSAGES}?batchId=${json.id}&limit=3${more}${token && `&pageToken=${token}`}`)
      ).json;
      seen.push(...page.results.map(({ id }: { id: string }) => id));
      if (!page.nextPageToken) return seen;
      token = page.nextPageToken;
    }
  };
  const newest = await listed('');
  expect(newest).toHaveLength(7);
  expect(await listed('&reverse=true')).toEqual(newest.toReversed());
});
