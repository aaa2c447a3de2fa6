import Courier, { ConflictError, NotFoundError } from '@trycourier/courier';
import { type Stand } from '../framework/setup';
import { createCourierStand } from './setup';
import { startCuttingProxy, type CuttingProxy } from './cutting-proxy';

let stand: Stand;
let proxy: CuttingProxy;
let courier: Courier;

beforeAll(async () => {
  stand = await createCourierStand();
  proxy = await startCuttingProxy(stand.server.port);
  // What a user changes: the address.
  courier = new Courier({ apiKey: stand.key, baseURL: proxy.url });
});
afterAll(async () => {
  await proxy.close();
  await stand.close();
});

const users = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => ({
    profile: { email: `user-${from + n}@example.com` },
    to: { user_id: `user-${from + n}`, data: { n } },
  }));
const count = async (table: 'jobs' | 'messages') => {
  const [row] = await stand.database.db.query<{ n: number }>(`select count(*)::int as n from ${table}`);
  return row?.n ?? 0;
};

test('the official SDK runs a whole job', async () => {
  const { jobId } = await courier.bulk.createJob({ message: { event: 'welcome', data: { a: 1 } } });
  await courier.bulk.addUsers(jobId, { users: users(101) });
  const repeated: unknown = await courier.bulk.addUsers(jobId, { users: users(1) });
  expect(repeated).toMatchObject({
    total: 0,
    errors: [{ error: 'Duplicate user', user: { recipient: 'user-0' } }],
  });
  const created = await courier.bulk.retrieveJob(jobId);
  expect(created.job).toMatchObject({
    definition: { event: 'welcome', data: { a: 1 } },
    received: 101,
    status: 'CREATED',
  });
  await courier.bulk.runJob(jobId);
  expect((await courier.bulk.retrieveJob(jobId)).job.status).toBe('PROCESSING');

  const first = await courier.bulk.listUsers(jobId);
  expect(first.items[0]).toEqual({
    profile: { email: 'user-0@example.com' },
    to: { user_id: 'user-0', data: { n: 0 } },
    recipient: 'user-0',
    data: { n: 0 },
    status: 'PENDING',
  });
  const second = await courier.bulk.listUsers(jobId, { cursor: first.paging.cursor ?? null });
  expect(second.items.map(({ recipient }) => recipient)).toEqual(['user-100']);
  expect(second.paging).toEqual({ cursor: null, more: false });
});

test('the SDK throws its own errors, and asks a second run only once', async () => {
  const { jobId } = await courier.bulk.createJob({ message: { event: 'welcome' } });
  await courier.bulk.addUsers(jobId, { users: users(1) });
  await courier.bulk.runJob(jobId);
  const before = proxy.answers;
  await expect(courier.bulk.runJob(jobId)).rejects.toThrow(ConflictError);
  expect(proxy.answers - before).toBe(1);
  await expect(courier.bulk.retrieveJob('1-00000000-000000000000000000000000')).rejects.toThrow(
    NotFoundError,
  );
});

describe('an answer lost after the commit is given again to the SDK’s own repetition', () => {
  test('create makes one job', async () => {
    const before = { jobs: await count('jobs'), cuts: proxy.cuts };
    proxy.cutNext();
    const { jobId } = await courier.bulk.createJob({ message: { event: 'cut' } });
    expect(proxy.cuts).toBe(before.cuts + 1);
    expect(await count('jobs')).toBe(before.jobs + 1);
    expect((await courier.bulk.retrieveJob(jobId)).job.definition.event).toBe('cut');
  });

  test('ingest adds everybody once and reports no duplicate', async () => {
    const { jobId } = await courier.bulk.createJob({ message: { event: 'cut' } });
    const before = await count('messages');
    proxy.cutNext();
    expect(await courier.bulk.addUsers(jobId, { users: users(3) })).toEqual({ total: 3 });
    expect(await count('messages')).toBe(before + 3);
  });

  test('run is a success and no conflict', async () => {
    const { jobId } = await courier.bulk.createJob({ message: { event: 'cut' } });
    await courier.bulk.addUsers(jobId, { users: users(1) });
    const before = proxy.cuts;
    proxy.cutNext();
    await courier.bulk.runJob(jobId);
    expect(proxy.cuts).toBe(before + 1);
    expect((await courier.bulk.retrieveJob(jobId)).job.status).toBe('PROCESSING');
  });
});
