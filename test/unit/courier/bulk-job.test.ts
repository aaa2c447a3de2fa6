import { createCourierDialect } from '../../../api/courier';
import { toCourierId } from '../../../src/domain/ids';
import { callerOf } from '../../support/door';
import { createFakeService, type FakeService } from '../../support/fake-service';

let service: FakeService;
let call: ReturnType<typeof callerOf>;

beforeEach(() => {
  service = createFakeService();
  call = callerOf(createCourierDialect({ service }));
});

async function createJob(message: Record<string, unknown> = { event: 'welcome' }): Promise<string> {
  const reply = await call('POST', '/bulk', { body: { message } });
  expect(reply.status).toBe(201);
  return (reply.body as { jobId: string }).jobId;
}

async function jobWith(count: number): Promise<string> {
  const jobId = await createJob();
  const users = Array.from({ length: count }, (_, n) => ({ recipient: `user-${n}` }));
  await call('POST', `/bulk/${jobId}`, { body: { users } });
  return jobId;
}

const messagesOf = (jobId: string) =>
  [...service.jobs.values()].find(({ id }) => toCourierId(id) === jobId)?.messages ?? [];
interface Body {
  job: Record<string, unknown>;
  items: unknown[];
  paging: { cursor: string | null; more: boolean };
}
const bodyOf = async (path: string) => (await call('GET', path)).body as Body;

test('a job is created under an id of Courier’s form, with the guarantee of the header', async () => {
  const headers = { 'Volley-Options': 'guarantee=at_most_once' };
  const reply = await call('POST', '/bulk', { body: { message: { event: 'e' } }, headers });
  expect(reply).toEqual({
    status: 201,
    body: { jobId: expect.stringMatching(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/) },
  });
  expect([...service.jobs.values()][0]?.guarantee).toBe('at_most_once');
});

test('a misspelt option stores nothing', async () => {
  const headers = { 'volley-options': 'guarantee=exactly_once' };
  const reply = await call('POST', '/bulk', { body: { message: { event: 'e' } }, headers });
  expect(reply).toMatchObject({ status: 400, body: { type: 'invalid_request_error' } });
  expect(service.jobs.size).toBe(0);
});

describe('adding users', () => {
  test('total counts those added, and without errors there is no such field', async () => {
    const jobId = await createJob();
    const reply = await call('POST', `/bulk/${jobId}`, { body: { users: [{ recipient: 'a' }, {}] } });
    expect(reply).toEqual({ status: 200, body: { total: 2 } });
    expect(await call('POST', `/bulk/${jobId}`, { body: { users: [] } })).toEqual({
      status: 200,
      body: { total: 0 },
    });
  });

  test('a duplicate is told across calls and within one, echoed with recipient and data', async () => {
    const jobId = await createJob();
    const foo = {
      profile: { email: 'foo@bar.com' },
      data: { recipientName: 'Foo Bar' },
      recipient: 'foo-bar',
    };
    await call('POST', `/bulk/${jobId}`, { body: { users: [foo] } });
    const users = [foo, { recipient: 'new' }, { recipient: 'new' }];
    expect((await call('POST', `/bulk/${jobId}`, { body: { users } })).body).toEqual({
      total: 1,
      errors: [
        { error: 'Duplicate user', user: foo },
        { error: 'Duplicate user', user: { recipient: 'new', data: {} } },
      ],
    });
  });

  test('a bad user stops nobody else, and errors come in the order of the request', async () => {
    const jobId = await createJob();
    const users = [{ recipient: 'a' }, 42, { recipient: 'a' }, { to: { user_id: [] } }, { recipient: 'b' }];
    const { body } = await call('POST', `/bulk/${jobId}`, { body: { users } });
    expect(body).toEqual({
      total: 2,
      errors: [
        { error: 'User must be an object', user: 42 },
        { error: 'Duplicate user', user: { recipient: 'a', data: {} } },
        { error: 'to.user_id must be a string of 1 to 256 characters', user: { to: { user_id: [] } } },
      ],
    });
  });

  test('a bad envelope adds nobody and says why', async () => {
    const jobId = await createJob();
    const tooMany = { users: Array.from({ length: 10_001 }, () => ({})) };
    for (const body of [undefined, null, [], {}, { users: {} }, { users: null }, tooMany]) {
      const reply = await call('POST', `/bulk/${jobId}`, { body });
      expect(reply).toMatchObject({ status: 400, body: { type: 'invalid_request_error' } });
    }
    expect(messagesOf(jobId)).toHaveLength(0);
  });

  test('after run it is 400', async () => {
    const jobId = await jobWith(1);
    await call('POST', `/bulk/${jobId}/run`);
    expect((await call('POST', `/bulk/${jobId}`, { body: { users: [{}] } })).status).toBe(400);
  });
});

describe('run', () => {
  test('is 202 without a body, then 409 that the SDK does not repeat', async () => {
    const jobId = await jobWith(1);
    expect(await call('POST', `/bulk/${jobId}/run`, { body: {} })).toEqual({ status: 202 });
    expect(await call('POST', `/bulk/${jobId}/run`)).toMatchObject({
      status: 409,
      body: { message: expect.any(String), type: 'invalid_request_error' },
      headers: { 'x-should-retry': 'false' },
    });
  });

  test('of an empty job is 400', async () => {
    expect((await call('POST', `/bulk/${await createJob()}/run`)).status).toBe(400);
  });
});

describe('the job', () => {
  test('gives the definition and the numbers back, and its status follows the table', async () => {
    const jobId = await createJob({ message: { template: 't' }, override: { x: 1 } });
    await call('POST', `/bulk/${jobId}`, { body: { users: [{ recipient: 'a' }, { recipient: 'b' }] } });
    const job = async () => (await bodyOf(`/bulk/${jobId}`)).job;
    expect(await job()).toMatchObject({
      definition: { event: 't', message: { template: 't' }, override: { x: 1 } },
      received: 2,
      enqueued: 0,
      failures: 0,
      status: 'CREATED',
      paused: false,
      counts: { pending: 2, sent: 0 },
    });
    await call('POST', `/bulk/${jobId}/run`);
    const [a, b] = messagesOf(jobId).map(({ messageId }) => messageId);
    service.move(a ?? '', 'sending');
    expect(await job()).toMatchObject({
      status: 'PROCESSING',
      enqueued: 1,
      failures: 0,
      counts: { sending: 1 },
    });
    service.move(b ?? '', 'rejected', { reason: 'no_address' });
    service.move(a ?? '', 'sent');
    expect(await job()).toMatchObject({ status: 'COMPLETED', enqueued: 1, failures: 1, received: 2 });
  });

  test('says what the workflow is doing while it runs, and does not ask once it is through', async () => {
    const jobId = await jobWith(1);
    service.live = { step: 'planning', shardsRunning: 1, nextWakeUp: null };
    expect((await bodyOf(`/bulk/${jobId}`)).job.live).toEqual(service.live);
    service.live = undefined;
    expect((await bodyOf(`/bulk/${jobId}`)).job).not.toHaveProperty('live');
    for (const job of service.jobs.values()) job.phase = 'settled';
    await bodyOf(`/bulk/${jobId}`);
    expect(service.liveAsked).toBe(2);
  });
});

describe('the users', () => {
  test('come in pages of 100 in the order of ingestion, with a null cursor at the end', async () => {
    const jobId = await jobWith(250);
    const seen: string[] = [];
    const sizes: number[] = [];
    let cursor: string | null = 'undefined';
    while (cursor !== null) {
      const { body } = await call('GET', `/bulk/${jobId}/users`, { query: { cursor: [cursor] } });
      const page = body as {
        items: { recipient: string }[];
        paging: { cursor: string | null; more: boolean };
      };
      seen.push(...page.items.map(({ recipient }) => recipient));
      sizes.push(page.items.length);
      expect(page.paging.more).toBe(page.paging.cursor !== null);
      if (page.paging.cursor !== null) expect(page.paging.cursor).toMatch(/^[A-Za-z0-9._~-]+$/);
      cursor = page.paging.cursor;
    }
    expect(sizes).toEqual([100, 100, 50]);
    expect(seen).toEqual(Array.from({ length: 250 }, (_, n) => `user-${n}`));
  });

  test('an item has its messageId once it is no longer PENDING, and never one that the user sent', async () => {
    const jobId = await createJob();
    const users = ['a', 'b', 'c'].map((recipient) => ({ recipient, status: 'SENT', messageId: 'x' }));
    await call('POST', `/bulk/${jobId}`, { body: { users } });
    await call('POST', `/bulk/${jobId}/run`);
    const [, b, c] = messagesOf(jobId).map(({ messageId }) => messageId);
    service.move(b ?? '', 'waiting', { waitReason: 'backoff' });
    service.move(c ?? '', 'rejected', { reason: 'no_address' });
    expect((await bodyOf(`/bulk/${jobId}/users`)).items).toEqual([
      { recipient: 'a', data: {}, status: 'PENDING' },
      { recipient: 'b', data: {}, status: 'ENQUEUED', messageId: toCourierId(b ?? '') },
      { recipient: 'c', data: {}, status: 'ERROR', messageId: toCourierId(c ?? '') },
    ]);
  });

  test('a garbage cursor, and one of another job, is 400', async () => {
    const [one, other] = [await jobWith(150), await jobWith(1)];
    const { cursor } = (await bodyOf(`/bulk/${one}/users`)).paging;
    for (const value of [cursor ?? '', 'garbage', '-1', "';drop"]) {
      const reply = await call('GET', `/bulk/${other}/users`, { query: { cursor: [value] } });
      expect(reply).toMatchObject({ status: 400, body: { type: 'invalid_request_error' } });
    }
  });
});

test.each(['cancel', 'pause', 'resume'])(
  '%s answers 202 with the status; a finished job is 409, once',
  async (verb) => {
    const jobId = await jobWith(1);
    await call('POST', `/bulk/${jobId}/run`);
    expect(await call('POST', `/bulk/${jobId}/${verb}`)).toEqual({
      status: 202,
      body: { jobId, status: 'PROCESSING' },
    });
    for (const job of service.jobs.values()) job.phase = 'settled';
    expect(await call('POST', `/bulk/${jobId}/${verb}`)).toMatchObject({
      status: 409,
      headers: { 'x-should-retry': 'false' },
    });
  },
);

test('an id that names nothing here is 404 on every path: unknown, malformed, foreign, or not a bulk job', async () => {
  const foreign = await jobWith(1);
  const batch = await jobWith(1);
  const batchJob = [...service.jobs.values()].find(({ id }) => toCourierId(id) === batch);
  if (batchJob) batchJob.kind = 'batch';
  const body = { users: [{}] };
  const elsewhere = { workspaceId: '00000000-0000-4000-8000-000000000000', body };
  const paths = (id: string) =>
    [
      ['POST', `/bulk/${id}`],
      ['POST', `/bulk/${id}/run`],
      ['POST', `/bulk/${id}/cancel`],
      ['GET', `/bulk/${id}`],
      ['GET', `/bulk/${id}/users`],
    ] as const;
  const statuses: number[] = [];
  for (const id of ['1-00000000-000000000000000000000000', 'nonsense', '%00', '1-61e9dd53']) {
    for (const [method, path] of paths(id)) statuses.push((await call(method, path, { body })).status);
  }
  for (const [method, path] of paths(foreign)) statuses.push((await call(method, path, elsewhere)).status);
  for (const [method, path] of paths(batch)) statuses.push((await call(method, path, { body })).status);
  expect(new Set(statuses)).toEqual(new Set([404]));
});
