import { fromCourierId } from '../../../src/domain/ids';
import { moveMessage } from '../../../src/ledger/moves';
import { courierSeed } from '../../support/courier-seed';
import { type Stand } from '../framework/setup';
import { createCourierStand, createJob } from './setup';

let stand: Stand;
beforeAll(async () => (stand = await createCourierStand()));
afterAll(() => stand.close());

const job = async (jobId: string) => (await stand.call('GET', `/bulk/${jobId}`)).json.job;
const items = async (jobId: string) => (await stand.call('GET', `/bulk/${jobId}/users`)).json.items;
const messageIds = async (jobId: string): Promise<string[]> => {
  const rows = await stand.database.db.query<{ id: string }>(
    'select id from messages where job_id = $1 order by ordinal',
    [fromCourierId(jobId)],
  );
  return rows.map(({ id }) => id);
};

/** Of the same shape: all keys of the example are there, with values of the same types. */
function expectShape(value: unknown, example: unknown): void {
  if (Array.isArray(example)) {
    expect(Array.isArray(value)).toBe(true);
    for (const each of value as unknown[]) expectShape(each, example[0]);
  } else if (typeof example === 'object' && example !== null) {
    for (const [key, inner] of Object.entries(example)) {
      expect(value).toHaveProperty([key]);
      expectShape((value as Record<string, unknown>)[key], inner);
    }
  } else {
    expect(typeof value).toBe(typeof example);
  }
}

test('the seed runs as written: created, filled, run, and read in its shapes', async () => {
  const created = await stand.call('POST', '/bulk', { body: courierSeed('create-job') });
  expect(created.status).toBe(201);
  expect(created.json).toEqual({ jobId: expect.stringMatching(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/) });
  const { jobId } = created.json;

  const [spike] = courierSeed('ingest-users').users;
  const added = await stand.call('POST', `/bulk/${jobId}`, { body: courierSeed('ingest-users') });
  expect([added.status, added.json]).toEqual([200, { total: 1 }]);
  const [{ user: foo }] = courierSeed('ingest-response').errors;
  await stand.call('POST', `/bulk/${jobId}`, { body: { users: [foo] } });
  const again = await stand.call('POST', `/bulk/${jobId}`, { body: { users: [foo, { recipient: 'bar' }] } });
  expect(again.json).toEqual(courierSeed('ingest-response'));

  const run = await stand.call('POST', `/bulk/${jobId}/run`);
  expect([run.status, run.text, run.headers.get('content-type')]).toEqual([202, '', null]);
  const [first, second] = await messageIds(jobId);
  const wait = { to: 'waiting', waitReason: 'backoff', waitMs: 1, holdMs: null } as const;
  await moveMessage(stand.database.db, first ?? '', wait);
  await moveMessage(stand.database.db, second ?? '', wait);

  const read = await stand.call('GET', `/bulk/${jobId}`);
  expectShape(read.json, courierSeed('job'));
  expect(read.json.job).toMatchObject({ enqueued: 2, failures: 0, received: 3, status: 'PROCESSING' });
  expect(read.json.job.definition).toEqual({
    ...courierSeed('create-job').message,
    event: 'my-notification-or-event',
  });
  const listed = (await stand.call('GET', `/bulk/${jobId}/users?cursor=undefined`)).json;
  expectShape(listed.items[1], courierSeed('users').items[0]);
  expect(listed.items[0]).toEqual({
    ...spike,
    recipient: 'spike_spiegel',
    data: { recipientName: 'Spike Spiegel' },
    messageId: expect.any(String),
    status: 'ENQUEUED',
  });
  expect(listed.items[2]).toEqual({ recipient: 'bar', data: {}, status: 'PENDING' });
  expect(listed.paging).toEqual({ cursor: null, more: false });
});

test("the seed's own users come back as its example has them", async () => {
  const jobId = await createJob(stand);
  const users = courierSeed('users').items.map(({ profile, data, recipient }: Record<string, unknown>) => ({
    profile,
    data,
    recipient,
  }));
  await stand.call('POST', `/bulk/${jobId}`, { body: { users } });
  await stand.call('POST', `/bulk/${jobId}/run`, { body: {} });
  const [foo] = await messageIds(jobId);
  await moveMessage(stand.database.db, foo ?? '', {
    to: 'waiting',
    waitReason: 'delay',
    waitMs: 1,
    holdMs: null,
  });
  const expected = courierSeed('users').items;
  expected[0].messageId = expect.stringMatching(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/);
  expect(await items(jobId)).toEqual(expected);
});

test('JSON comes as application/json and nothing more: SDKs v4 and v5 parse nothing else', async () => {
  const jobId = await createJob(stand, ['a']);
  for (const path of [
    `/bulk/${jobId}`,
    `/bulk/${jobId}/users`,
    '/bulk/nonsense',
    '/bulk',
    '/messages/x/y/z',
  ]) {
    expect((await stand.call('GET', path)).headers.get('content-type')).toBe('application/json');
  }
});

test('a job waits for its run as long as it takes: created, 400 days later filled and run', async () => {
  const { db } = stand.database;
  const jobId = await createJob(stand);
  const clock = (sql: string) =>
    db.query(
      `create or replace function ledger_now() returns timestamptz language sql stable as $$ select ${sql} $$`,
    );
  try {
    await clock(`clock_timestamp() + interval '400 days'`);
    expect(
      (await stand.call('POST', `/bulk/${jobId}`, { body: { users: [{ recipient: 'a' }] } })).json.total,
    ).toBe(1);
    expect((await stand.call('POST', `/bulk/${jobId}/run`)).status).toBe(202);
    expect((await job(jobId)).status).toBe('PROCESSING');
  } finally {
    await clock('clock_timestamp()');
  }
});

test('a run is 202 once, 409 again, and 202 again under the same key', async () => {
  const jobId = await createJob(stand, ['a']);
  const headers = { 'Idempotency-Key': 'run-once' };
  const statuses = [];
  for (const options of [{ headers }, {}, { headers }]) {
    statuses.push((await stand.call('POST', `/bulk/${jobId}/run`, options)).status);
  }
  expect(statuses).toEqual([202, 409, 202]);
  const again = await stand.call('POST', `/bulk/${jobId}/run`);
  expect(again.headers.get('x-should-retry')).toBe('false');
  expect(again.json).toEqual({ message: expect.any(String), type: 'invalid_request_error' });
  expect((await stand.call('POST', `/bulk/${jobId}`, { body: { users: [{}] } })).status).toBe(400);
  expect((await stand.call('POST', `/bulk/${await createJob(stand)}/run`)).status).toBe(400);
});

test('an item that failed is ERROR with its message, which says why; a message of an open job is 404', async () => {
  const jobId = await createJob(stand, ['a']);
  const [id = ''] = await messageIds(jobId);
  const path = `/messages/${id}`;
  expect((await stand.call('GET', path)).status).toBe(404);
  await stand.call('POST', `/bulk/${jobId}/run`);
  expect((await stand.call('GET', path)).json).toMatchObject({ status: 'ENQUEUED', recipient: 'a', jobId });
  await moveMessage(stand.database.db, id, { to: 'rejected', reason: 'no_address' });
  const [item] = await items(jobId);
  expect(item).toMatchObject({ status: 'ERROR' });
  const message = (await stand.call('GET', `/messages/${item.messageId}`)).json;
  expect(message).toMatchObject({ id: item.messageId, status: 'UNROUTABLE', reason: 'NO_PROVIDERS' });
  const history = (await stand.call('GET', `/messages/${item.messageId}/history`)).json.results;
  expect(history.map(({ type }: { type: string }) => type)).toEqual(['ENQUEUED', 'UNROUTABLE']);
  expect(await job(jobId)).toMatchObject({
    failures: 1,
    status: 'ERROR',
    counts: { rejected: 1, pending: 0 },
  });
});

test('10,000 users go in one call and come back in pages of 100, in order', async () => {
  const names = Array.from({ length: 10_000 }, (_, n) => `user-${n}`);
  const jobId = await createJob(stand, names);
  expect((await job(jobId)).received).toBe(10_000);
  const seen: string[] = [];
  let cursor = '';
  for (let page = 0; page < 100; page += 1) {
    // As SDKs v4 and v5 send it: encoded twice.
    const wire = encodeURIComponent(encodeURIComponent(cursor));
    const { json } = await stand.call('GET', `/bulk/${jobId}/users?cursor=${wire}`);
    expect(json.items).toHaveLength(100);
    seen.push(...json.items.map((item: { recipient: string }) => item.recipient));
    cursor = json.paging.cursor;
  }
  expect(seen).toEqual(names);
  expect(cursor).toBeNull();
});

test('pause, resume and cancel are answered with the status; cancelled users are ERROR once settled', async () => {
  const jobId = await createJob(stand, ['a']);
  await stand.call('POST', `/bulk/${jobId}/run`);
  const paused = await stand.call('POST', `/bulk/${jobId}/pause`);
  expect([paused.status, paused.json]).toEqual([202, { jobId, status: 'PROCESSING' }]);
  expect((await job(jobId)).paused).toBe(true);
  expect((await stand.call('POST', `/bulk/${jobId}/resume`)).status).toBe(202);
  expect((await stand.call('POST', `/bulk/${jobId}/cancel`)).status).toBe(202);
  const [id = ''] = await messageIds(jobId);
  await moveMessage(stand.database.db, id, { to: 'canceled', reason: 'canceled' });
  expect(await job(jobId)).toMatchObject({
    paused: false,
    cancelRequested: true,
    status: 'ERROR',
    failures: 1,
  });
});
