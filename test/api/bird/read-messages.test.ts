import { SEEDED_WORKSPACE_ID, sandboxChannelId } from '../../../src/service/seed-workspace';
import { type BirdStand, createBirdStand, SEEDED_PATH } from './stand';

let stand: BirdStand;
beforeAll(async () => {
  stand = await createBirdStand();
});
afterAll(() => stand.close());

const WORKSPACE_PATH = `/workspaces/${SEEDED_WORKSPACE_ID}`;
const sound = {
  receiver: { contacts: [{ identifierValue: 'jane' }] },
  body: { type: 'text', text: { text: 'hello' } },
};
const get = (path: string) => stand.asSeeded('GET', path);

async function sendBatch(elements: unknown[]): Promise<{ id: string; ids: string[] }> {
  const { json } = await stand.send(elements);
  await stand.validate(json.id);
  return { id: json.id, ids: json.messages.map(({ id }: { id: string }) => id) };
}

it('a batch is listed whole, page by page, each message once, through channel and workspace', async () => {
  const batch = await sendBatch(Array.from({ length: 25 }, (_, n) => ({ ...sound, reference: `${n}` })));
  for (const path of [SEEDED_PATH, WORKSPACE_PATH]) {
    const seen: string[] = [];
    let token: string | undefined;
    do {
      const { json } = await get(
        `${path}/messages?batchID=${batch.id}&limit=7${token ? `&pageToken=${token}` : ''}`,
      );
      seen.push(...json.results.map(({ id }: { id: string }) => id));
      token = json.nextPageToken;
    } while (token);
    expect(seen).toHaveLength(25);
    expect(new Set(seen)).toEqual(new Set(batch.ids));
  }
});

it('pages stay whole when batches are accepted at the same time', async () => {
  const batches = await Promise.all(Array.from({ length: 6 }, () => sendBatch(Array(10).fill(sound))));
  const wanted = new Set(batches.flatMap(({ ids }) => ids));
  const seen = new Set<string>();
  let token: string | undefined;
  do {
    const { json } = await get(`${SEEDED_PATH}/messages?limit=3${token ? `&pageToken=${token}` : ''}`);
    for (const { id } of json.results) seen.add(id);
    token = json.nextPageToken;
  } while (token);
  expect([...wanted].filter((id) => !seen.has(id))).toEqual([]);
});

it('the status filter finds what shows that status', async () => {
  const soon = new Date(Date.now() + 3_600_000).toISOString();
  const batch = await sendBatch([sound, { ...sound, scheduledFor: soon }, 42]);
  const found = async (status: string) => {
    const { json } = await get(`${SEEDED_PATH}/messages?batchId=${batch.id}&status=${status}`);
    return json.results.map((message: { id: string; status: string }) => [
      batch.ids.indexOf(message.id),
      message.status,
    ]);
  };
  expect(await found('accepted')).toEqual([[0, 'accepted']]);
  expect(await found('scheduled')).toEqual([[1, 'scheduled']]);
  expect(await found('rejected')).toEqual([[2, 'rejected']]);
  expect(await found('sent')).toEqual([]);
  expect(new Set(await found('accepted,rejected'))).toEqual(
    new Set([
      [0, 'accepted'],
      [2, 'rejected'],
    ]),
  );
});

it('a scheduled message says when, and why it waits', async () => {
  const scheduledFor = new Date(Date.now() + 3_600_000).toISOString();
  const batch = await sendBatch([{ ...sound, scheduledFor }]);
  const { json } = await get(`${SEEDED_PATH}/messages/${batch.ids[0]}`);
  expect(json).toMatchObject({ status: 'scheduled', reason: 'scheduled_for', scheduledFor });
});

it('dates narrow a listing', async () => {
  const batch = await sendBatch([sound]);
  const list = async (query: string) =>
    (await get(`${SEEDED_PATH}/messages?batchId=${batch.id}&${query}`)).json.results;
  const soon = new Date(Date.now() + 60_000).toISOString();
  expect(await list(`startAt=${soon}`)).toHaveLength(0);
  expect(await list(`endAt=${soon}`)).toHaveLength(1);
  expect(await list('startAt=2020-01-01T00:00:00+02:00')).toHaveLength(1);
});

it('a campaign finds its messages, by id or else by name, and no others', async () => {
  const of = (campaign: unknown) => ({ ...sound, meta: { campaign } });
  const batch = await sendBatch([
    of({ id: 'c-1', name: 'Spring' }),
    of({ name: 'Spring' }),
    of({ id: 'c-2' }),
    sound,
  ]);
  const found = async (query: string) => {
    const { json } = await get(`${SEEDED_PATH}/messages?batchId=${batch.id}&${query}`);
    return json.results.map(({ id }: { id: string }) => batch.ids.indexOf(id));
  };
  expect(await found('campaignId=c-1')).toEqual([0]);
  expect(await found('campaignId=Spring')).toEqual([1]);
  expect(await found('campaignId=none')).toEqual([]);
  expect(await found('campaignId=')).toEqual([3, 2, 1, 0]);
});

it('ids that name nothing here are 404 on every read', async () => {
  const batch = await sendBatch([sound]);
  const [message] = batch.ids;
  const otherChannel = `${WORKSPACE_PATH}/channels/${sandboxChannelId(SEEDED_WORKSPACE_ID, 'email')}`;
  const nowhere = [
    `${SEEDED_PATH}/messages/${batch.id}`,
    `${SEEDED_PATH}/messages/x`,
    `${SEEDED_PATH}/messages?batchId=${message}`,
    `${SEEDED_PATH}/messages?batchId=x`,
    `${WORKSPACE_PATH}/channels/x/messages`,
    `${WORKSPACE_PATH}/channels/${batch.id}/messages`,
    `${otherChannel}/messages/${message}`,
    `${otherChannel}/messages?batchId=${batch.id}`,
    `/workspaces/${stand.workspaceId}/messages/${message}`,
    `/workspaces/${stand.workspaceId}/messages`,
    '/workspaces/nothing/here',
  ];
  for (const path of nowhere) {
    const { status, json } = await get(path);
    expect({ path, status, code: json?.code }).toEqual({ path, status: 404, code: 'NotFound' });
  }
  const foreign = await stand.call('GET', `/workspaces/${stand.workspaceId}/messages/${message}`);
  expect(foreign.status).toBe(404);
  expect((await get(`${WORKSPACE_PATH}/messages/${message}`)).status).toBe(200);
});

it('garbage in a query is 422 in words that say how to mend it', async () => {
  for (const query of [
    'limit=0',
    'limit=x',
    'pageToken=x',
    'pageToken=%27',
    'status=done',
    'startAt=x',
    'endAt=99999999',
  ]) {
    const { status, json } = await get(`${SEEDED_PATH}/messages?${query}`);
    expect({ query, status, json }).toEqual({
      query,
      status: 422,
      json: {
        code: 'UnprocessableRequest',
        message: expect.any(String),
        details: { [query.split('=')[0] ?? '']: [expect.stringContaining('must')] },
      },
    });
  }
});

it('the OpenAPI document has the five operations, with the parameters named as in the seed', async () => {
  const { status, json } = await stand.call('GET', '/openapi.json', { key: null });
  expect(status).toBe(200);
  const { post } = json.paths['/workspaces/{workspaceId}/channels/{channelId}/batch/messages'];
  expect(
    post.parameters.filter((p: { in: string }) => p.in === 'path').map((p: { name: string }) => p.name),
  ).toEqual(['workspaceId', 'channelId']);
  expect(Object.keys(post.responses)).toEqual(
    expect.arrayContaining(['202', '400', '401', '404', '413', '422', '503']),
  );
  const text = JSON.stringify(json);
  for (const field of [
    'platformAddressSelector',
    'useMmLite',
    'skipThisMessage',
    'capFrequency',
    'gatewayTypeOverride',
    'parseMode',
  ]) {
    expect(text).toContain(`"${field}"`);
  }
});
