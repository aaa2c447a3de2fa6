import Courier from '@trycourier/courier';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { fromCourierId, toCourierId } from '../../../src/domain/ids';
import { ingestMessages } from '../../../src/ledger/messages';
import { moveMessage, type Move } from '../../../src/ledger/moves';
import { keepOutput } from '../../../src/ledger/outputs';
import { type Stand } from '../framework/setup';
import { attempt, idsOf } from './ledger-moves';
import { createCourierStand, createJob } from './setup';

let stand: Stand;
let courier: Courier;
let jobId: string;
let ids: string[];

const BULK = {
  event: 'welcome',
  message: { template: 'my-template', metadata: { tags: ['spring', 'vip'], trace_id: 'trace-1' } },
};

beforeAll(async () => {
  stand = await createCourierStand();
  courier = new Courier({ apiKey: stand.key, baseURL: stand.url });
  const { db } = stand.database;
  const created = await stand.call('POST', '/bulk', { body: { message: BULK } });
  jobId = created.json.jobId;
  const users = Array.from({ length: 6 }, (_, n) => ({
    profile: { email: `u${n}@example.com` },
    to: { user_id: `user-${n}`, ...(n < 2 ? { tenant_id: 'acme' } : {}) },
  }));
  await stand.call('POST', `/bulk/${jobId}`, { body: { users } });
  await stand.call('POST', `/bulk/${jobId}/run`);
  ids = await idsOf(db, jobId);
  await attempt(db, ids[0] ?? '', { vendorId: 'v-0' });
  await attempt(db, ids[1] ?? '', { settled: 'delivered' }, 'sendgrid');
  await attempt(db, ids[2] ?? '', { settled: 'bounced' }, 'sendgrid');
  await attempt(db, ids[3] ?? '', { outcome: 'permanent', state: 'failed', reason: 'provider_refused' });
  await attempt(db, ids[4] ?? '', 'open');
});
afterAll(() => stand.close());

/** Ordinals of the job's messages that a listing shows, newest first. */
async function found(query: string): Promise<number[]> {
  const { status, json } = await stand.call('GET', `/messages?${query}`);
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(json)}`);
  return json.results
    .map(({ id }: { id: string }) => ids.map(toCourierId).indexOf(id))
    .filter((n: number) => n >= 0);
}
const ALL = [5, 4, 3, 2, 1, 0];

test.each([
  ['', ALL],
  ['status=SENT', [0]],
  ['status=UNDELIVERABLE', [3, 2]],
  ['status=ENQUEUED', [5]],
  ['status=SIMULATED', []],
  ['recipient=user-3', [3]],
  ['recipient=nobody', []],
  ['tenant_id=acme', [1, 0]],
  ['event=welcome', ALL],
  ['event=other', []],
  ['notification=my-template', ALL],
  ['provider=sendgrid', [2, 1]],
  ['provider[]=smtp&provider[]=sendgrid', [4, 3, 2, 1, 0]],
  ['tag=spring&tag=none', ALL],
  ['tags=none,vip', ALL],
  ['tags=none', []],
  ['traceId=trace-1', ALL],
  ['list=my-list', []],
  ['archived=false&cursor=undefined&status=undefined', ALL],
  ['tag=vip&provider=smtp&status=SENT', [0]],
  ['enqueued_after=2020-01-01T00:00:00%2B01:00', ALL],
  ['enqueued_after=4000-01-01', []],
  ...['1577836800', '1577836800000'].map((epoch): [string, number[]] => [`enqueued_after=${epoch}`, ALL]),
  ['enqueued_after=64060588800', []],
])('?%s finds what it says', async (query, wanted) => {
  expect(await found(query)).toEqual(wanted);
});

test('a job’s id as traceId finds its messages and no other’s, also together with a status', async () => {
  const other = await createJob(stand, ['user-0']);
  await stand.call('POST', `/bulk/${other}/run`);
  expect(await found(`traceId=${jobId}`)).toEqual(ALL);
  expect(await found(`traceId=${jobId}&status=UNDELIVERABLE`)).toEqual([3, 2]);
  expect(await found(`traceId=${jobId}&status=SENT,ROUTED`)).toEqual([4, 0]);
  expect(await found(`traceId=${other}`)).toEqual([]);
  expect(await found(`messageId=${toCourierId(ids[2] ?? '')}`)).toEqual([2]);
});

test.each([
  ['a UUID', '0B6e6f7c-2f3a-4c1e-9a55-0d0d8f6f1f10'],
  ['an AWS X-Ray trace id', '1-5759e988-bd862e3fe1be46a994272793'],
])('a trace id that looks like an id of ours finds its message: %s', async (_name, trace_id) => {
  const message = { to: { user_id: 'traced' }, content: { body: 'x' }, metadata: { trace_id } };
  const { json } = await stand.call('POST', '/send', { body: { message } });
  const listed = async (traceId: string) =>
    (await stand.call('GET', `/messages?traceId=${traceId}`)).json.results.map(
      ({ id }: { id: string }) => id,
    );
  expect(await listed(trace_id)).toEqual([json.requestId]);
  expect(await listed(json.requestId)).toEqual([json.requestId]);
});

test('any list in any of the SDKs’ encodings is the same filter', async () => {
  const statuses = ['SENT', 'DELIVERED', 'UNDELIVERABLE', 'ROUTED', 'ENQUEUED', 'CANCELED'];
  const encodings: ((values: string[]) => string)[] = [
    (values) => values.map((value) => `status=${value}`).join('&'),
    (values) => values.map((value) => `status[]=${value}`).join('&'),
    (values) => `status=${values.join(',')}`,
    (values) => `status=${encodeURIComponent(values.join(','))}`,
    (values) => `status=${encodeURIComponent(encodeURIComponent(values.join(',')))}`,
    (values) => `status%5B%5D=${values.join('&status%5B%5D=')}`,
  ];
  await fc.assert(
    fc.asyncProperty(fc.subarray(statuses, { minLength: 1 }), async (values) => {
      const answers = await Promise.all(encodings.map((encode) => found(encode(values))));
      for (const answer of answers) expect(answer).toEqual(answers[0]);
    }),
    { numRuns: 20 },
  );
});

test('pages join to the whole, each message once, whatever the filter', async () => {
  const big = await createJob(
    stand,
    Array.from({ length: 230 }, (_, n) => `paged-${n}`),
  );
  await stand.call('POST', `/bulk/${big}/run`);
  for (const query of [`traceId=${big}`, 'status=ENQUEUED', 'event=welcome', '']) {
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const { json } = await stand.call('GET', `/messages?${query}${cursor ? `&cursor=${cursor}` : ''}`);
      seen.push(...json.results.map(({ id }: { id: string }) => id));
      if (!json.paging.more) break;
      cursor = json.paging.cursor;
    }
    expect(seen.length).toBeGreaterThanOrEqual(230);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(seen.toSorted().toReversed());
  }
});

test('pages of a job join to the whole where two ingestions at once left the older ids the later ordinals', async () => {
  const { db } = stand.database;
  const job = await createJob(stand);
  const messagesOf = (users: string[]) =>
    users.map((id) => ({
      id: uuidv7(),
      spec: { recipient: { id, idGenerated: false, addresses: {} }, data: {} },
      echo: {},
    }));
  const older = messagesOf(Array.from({ length: 150 }, (_, n) => `older-${n}`));
  const newer = messagesOf(Array.from({ length: 150 }, (_, n) => `newer-${n}`));
  const ref = { workspaceId: stand.workspaceId, jobId: fromCourierId(job) ?? '' };
  for (const messages of [newer, older]) {
    const places = messages.map((_, place) => place);
    await db.transaction((tx) => ingestMessages(tx, ref, { id: uuidv7(), messages, places, repeated: [] }));
  }
  await stand.call('POST', `/bulk/${job}/run`);
  const seen: string[] = [];
  for (let cursor = ''; ;) {
    const { json } = await stand.call('GET', `/messages?traceId=${job}${cursor ? `&cursor=${cursor}` : ''}`);
    seen.push(...json.results.map(({ recipient }: { recipient: string }) => recipient));
    if (!json.paging.more) break;
    cursor = json.paging.cursor;
  }
  expect(seen).toEqual([...newer, ...older].map(({ spec }) => spec.recipient.id).toReversed());
});

test.each([
  'status=NONSENSE',
  'archived=maybe',
  'archived=2',
  'enqueued_after=soon',
  'cursor=abc',
  ...['enqueued_after=-1', 'enqueued_after=20261231'],
])('?%s is a 400 that says what is wrong', async (query) => {
  const { status, json } = await stand.call('GET', `/messages?${query}`);
  expect(status).toBe(400);
  expect(json).toMatchObject({ type: 'invalid_request_error', message: expect.stringContaining('query.') });
});

test('what was enqueued lately is found, however long ago it was created', async () => {
  const { db } = stand.database;
  const job = await createJob(stand, ['early-bird']);
  await stand.call('POST', `/bulk/${job}/run`);
  const values = [fromCourierId(job)];
  await db.query(`update jobs set created_at = now() - interval '3 hours' where id = $1`, values);
  const [old] = await db.query<{ id: string }>(
    `with m as (
       insert into messages (id, workspace_id, job_id, ordinal, recipient_id, spec, echo, created_at)
       select uuidv7(interval '-1 hour'), workspace_id, id, 1000, 'patient',
         '{"recipient": {"id": "patient", "idGenerated": false, "addresses": {}}, "data": {}}', '{}', now() - interval '1 hour'
       from jobs where id = $1 returning *)
     insert into message_states (message_id, workspace_id, job_id, ordinal, due_at)
     select id, workspace_id, job_id, ordinal, created_at from m returning message_id as id`,
    values,
  );
  const since = new Date(Date.now() - 1_000).toISOString();
  const listed = async () => {
    const { json } = await stand.call('GET', `/messages?recipient=patient&enqueued_after=${since}`);
    return json.results.map(({ recipient }: { recipient: string }) => recipient);
  };
  expect(await listed()).not.toContain('patient');
  await attempt(db, old?.id ?? '');
  expect(await listed()).toContain('patient');
});

test('messages of a job that was not run yet are not listed', async () => {
  const open = await createJob(stand, ['early']);
  expect((await stand.call('GET', '/messages?recipient=early')).json.results).toEqual([]);
  await stand.call('POST', `/bulk/${open}/run`);
  expect((await stand.call('GET', '/messages?recipient=early')).json.results).toHaveLength(1);
});

test('another workspace’s key finds nothing of it', async () => {
  const stranger = await createCourierStand();
  try {
    expect((await stranger.call('GET', `/messages?traceId=${jobId}`)).json.results).toEqual([]);
  } finally {
    await stranger.close();
  }
});

test('each provider that had a message is told with what it said of it, and the next one goes on from there', async () => {
  const { db } = stand.database;
  const job = await createJob(stand, ['two-ways']);
  await stand.call('POST', `/bulk/${job}/run`);
  const [id = ''] = await idsOf(db, job);
  const read = async () => (await stand.call('GET', `/messages/${toCourierId(id)}`)).json;
  const again = { outcome: 'retryable', state: 'waiting', waitReason: 'backoff', waitMs: 0 } as const;
  await attempt(db, id, again, 'sendgrid');
  expect((await read()).providers).toEqual([
    { channel: { id: expect.any(String), key: 'email' }, provider: 'sendgrid', status: 'DELAYED' },
  ]);
  const next = { state: 'waiting', waitReason: 'next_route', waitMs: 0, route: 1, refused: true } as const;
  const refusal = { outcome: 'permanent', code: '550', detail: '550 <two@ways.example> no' } as const;
  await attempt(db, id, { ...next, ...refusal, vendorId: 'v-refused' }, 'sendgrid');
  const refused = {
    ...{ channel: { id: expect.any(String), key: 'email' }, provider: 'sendgrid', status: 'UNDELIVERABLE' },
    ...{
      error: '550 <[address]> no',
      reference: { id: 'v-refused' },
    },
  };
  expect(await read()).toMatchObject({ status: 'DELAYED', providers: [refused] });
  await attempt(db, id, { vendorId: 'v-taken', settled: 'delivered' }, 'smtp', 'email', 1);
  const { status, sent, delivered, providers } = await read();
  expect([status, typeof sent, typeof delivered]).toEqual(['DELIVERED', 'number', 'number']);
  expect(providers).toEqual([
    refused,
    {
      ...{
        channel: { id: expect.any(String), key: 'email' },
        provider: 'smtp',
        reference: { id: 'v-taken' },
      },
      ...{ status, sent, delivered },
    },
  ]);
});

describe('a provider whose attempts are used up, with another one behind it', () => {
  const exhausted = { outcome: 'retryable', code: '421', detail: '421 <late@ways.example> later' } as const;
  const next = { state: 'waiting', waitReason: 'next_route', waitMs: 0, route: 1, refused: true } as const;
  const givenUp = { provider: 'sendgrid', status: 'UNDELIVERABLE', error: '421 <[address]> later' };

  test.each<[string, string, Move]>([
    ['DELAYED', 'waits', { to: 'waiting', waitReason: 'rate_limit', waitMs: 60_000, holdMs: null }],
    ['CANCELED', 'is cancelled', { to: 'canceled', reason: 'canceled' }],
    ['FILTERED', 'is not wanted any more', { to: 'skipped', reason: 'opted_out' }],
    ['UNDELIVERABLE', 'has expired', { to: 'failed', reason: 'expired' }],
  ])(
    'is told as given up, and in its own words, while the message is %s: it %s',
    async (status, _why, move) => {
      const { db } = stand.database;
      const job = await createJob(stand, ['given-up']);
      await stand.call('POST', `/bulk/${job}/run`);
      const [id = ''] = await idsOf(db, job);
      await attempt(db, id, { ...exhausted, ...next }, 'sendgrid');
      await moveMessage(db, id, move);
      const { json } = await stand.call('GET', `/messages/${toCourierId(id)}`);
      expect(json).toMatchObject({ status, providers: [givenUp] });
    },
  );
});

test('the SDK reads messages, history and output by the messageId that the job lists', async () => {
  const { deliveryId } = await attempt(stand.database.db, ids[5] ?? '', { settled: 'delivered' });
  const content = {
    title: 'Hi',
    text: 'Hello',
    html: '<p>Hello</p>',
    headers: {},
    attachments: [],
    images: [],
  };
  await keepOutput(stand.database.db, {
    workspaceId: stand.workspaceId,
    deliveryId,
    content: { ...content, actions: [{ text: 'Go', url: 'https://x.example' }] },
  });
  const { items } = await courier.bulk.listUsers(jobId);
  const messageId = items[5]?.messageId ?? '';
  expect(await courier.messages.retrieve(messageId)).toMatchObject({
    status: 'DELIVERED',
    event: 'welcome',
    notification: 'my-template',
    recipient: 'user-5',
    sent: expect.any(Number),
    delivered: expect.any(Number),
    providers: [{ provider: 'smtp', status: 'DELIVERED', sent: expect.any(Number) }],
  });
  const { results } = await courier.messages.history(messageId);
  expect(results.map((entry) => entry['type'])).toEqual(['ENQUEUED', 'ROUTED', 'SENT', 'DELIVERED']);
  expect((await courier.messages.content(messageId)).results).toEqual([
    {
      channel: 'email',
      channel_id: expect.any(String),
      content: {
        title: 'Hi',
        subject: 'Hi',
        body: '<p>Hello</p>',
        html: '<p>Hello</p>',
        text: 'Hello',
        blocks: [
          { type: 'text', text: 'Hello' },
          { type: 'action', text: 'Go' },
        ],
      },
    },
  ]);
  const listed = await courier.messages.list({ status: ['DELIVERED'], traceId: jobId, provider: ['smtp'] });
  expect(listed.results.map(({ id }) => id)).toEqual([messageId]);
});
