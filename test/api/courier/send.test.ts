import Courier from '@trycourier/courier';
import { readFileSync } from 'node:fs';
import { NOT_SUPPORTED } from '../../../api/courier/send-limits';
import { fromCourierId } from '../../../src/domain/ids';
import { type Stand } from '../framework/setup';
import { createCourierStand } from './setup';

let stand: Stand;
beforeAll(async () => {
  stand = await createCourierStand();
});
afterAll(() => stand.close());

const to = { user_id: 'spike', email: 'spike@bebop.example' };
const content = { title: 'Hi', body: 'Hello {{name}}' };
const send = (message: unknown, headers: Record<string, string> = {}) =>
  stand.call('POST', '/send', { body: { message }, headers });
test('for one recipient the requestId is the message’s id, and its request is found by it', async () => {
  const { status, json } = await send({ to, content, data: { name: 'Spike' }, metadata: { event: 'hello' } });
  expect([status, Object.keys(json)]).toEqual([202, ['requestId']]);
  expect((await stand.call('GET', `/messages/${json.requestId}`)).json).toMatchObject({
    id: json.requestId,
    status: 'ENQUEUED',
    recipient: 'spike',
    event: 'hello',
    notification: '',
  });
  expect((await stand.call('GET', `/messages?traceId=${json.requestId}`)).json.results).toHaveLength(1);
  expect((await stand.call('GET', `/bulk/${json.requestId}`)).status).toBe(404);
});

test('the official SDK sends to several, who are found by traceId', async () => {
  const courier = new Courier({ apiKey: stand.key, baseURL: stand.url });
  const users = Array.from({ length: 100 }, (_, n) => ({ user_id: `u-${n}`, data: { n } }));
  const { requestId } = await courier.send.message({ message: { to: users, template: 'my-template' } });
  const { results } = await courier.messages.list({ traceId: requestId });
  expect(results.map(({ recipient }) => recipient)).toEqual(users.map(({ user_id }) => user_id).toReversed());
  expect(results[0]?.notification).toBe('my-template');
  expect((await stand.call('GET', `/messages/${requestId}`)).status).toBe(404);
});

test('a call repeated with its Idempotency-Key sends once', async () => {
  const headers = { 'Idempotency-Key': 'send-1' };
  const first = await send({ to, content, metadata: { trace_id: 'once' } }, headers);
  expect((await send({ to, content, metadata: { trace_id: 'once' } }, headers)).json).toEqual(first.json);
  expect((await stand.call('GET', '/messages?traceId=once')).json.results).toHaveLength(1);
});

test('delay, expiry and topic are kept for the gates, which decide at the claim', async () => {
  const { json } = await send({
    ...{
      to,
      content,
      delay: { duration: 61_000 },
      expiry: { expires_in: 'PT1H' },
      timeout: { message: 600_000 },
    },
    preferences: { subscription_topic_id: 'news' },
  });
  const [row] = await stand.database.db.query<{ gates: unknown }>(
    "select spec -> 'gates' as gates from jobs where id = $1",
    [fromCourierId(json.requestId)],
  );
  expect(row?.gates).toEqual({ topicId: 'news', delay: { durationMs: 120_000 }, validForMs: 600_000 });
});

test.each([
  ['lists', { to: { list_id: 'all' }, content }, 'message.to.list_id'],
  ['list patterns', { to: { list_pattern: 'a.*' }, content }, 'message.to.list_pattern'],
  ['audiences', { to: { audience_id: 'a' }, content }, 'message.to.audience_id'],
  ['Slack', { to: { slack: { channel: 'c' } }, content }, 'message.to.slack'],
  ['Teams', { to: { ms_teams: {} }, content }, 'message.to.ms_teams'],
  ['PagerDuty', { to: { pagerduty: {} }, content }, 'message.to.pagerduty'],
  ['a webhook', { to: { webhook: { url: 'https://x.example' } }, content }, 'message.to.webhook'],
  ['the second of two', { to: [to, { audience_id: 'a' }], content }, 'message.to[1].audience_id'],
  ['nobody', { to: {}, content }, 'names nobody'],
  ['an empty list', { to: [], content }, 'message.to'],
  ['too many', { to: Array(101).fill(to), content }, 'message.to'],
  ['no recipient at all', { content }, 'message.to'],
  ['nothing to say', { to }, 'nothing to send'],
  [
    'routing to all',
    { to, content, routing: { method: 'all', channels: ['email'] } },
    'message.routing.method',
  ],
  ['hours that are none', { to, content, delay: { until: 'now and then' } }, 'message.delay.until'],
  ['a delay of a year', { to, content, delay: { duration: 400 * 86_400_000 } }, 'message.delay'],
  ['a negative timeout', { to, content, timeout: { message: -1 } }, 'message.timeout.message'],
  [
    'too many tags',
    { to, content, metadata: { tags: Array.from({ length: 10 }, String) } },
    'message.metadata.tags',
  ],
])('%s is a 400 that names the place', async (_what, message, place) => {
  const { status, json } = await send(message);
  expect([status, json.type]).toEqual([400, 'invalid_request_error']);
  expect(json.message).toContain(place);
});

test('everything else that is not supported is refused by name, and the docs list it', async () => {
  const docs = readFileSync('docs/courier-send.md', 'utf8');
  for (const { path } of NOT_SUPPORTED) {
    const [outer = '', inner] = path.split('.');
    const { status, json } = await send({
      to,
      content,
      [outer]: inner ? { [inner]: { x: 1 } } : { email: { x: 1 } },
    });
    expect([status, path]).toEqual([400, path]);
    expect(json.message).toContain(`message.${path}: is not supported yet`);
    expect(docs).toContain(`\`${path}\``);
  }
  expect((await send({ to, content, channels: {}, providers: null })).status).toBe(202);
});

describe("Courier's first form, as SDK v1 to v5 send it", () => {
  const first = (body: object, headers: Record<string, string> = {}) =>
    stand.call('POST', '/send', { body: { event: 'welcome', recipient: 'spike', ...body }, headers });
  const specsOf = async (messageId: string) => {
    const [row] = await stand.database.db.query<{
      job: Record<string, unknown>;
      one: Record<string, unknown>;
    }>('select j.spec as job, m.spec as one from messages m join jobs j on j.id = m.job_id where m.id = $1', [
      fromCourierId(messageId),
    ]);
    return row;
  };

  test('is answered 200 with the message’s id, and means what the newer form says', async () => {
    const given = {
      ...{ profile: { email: to.email, locale: 'de' }, data: { name: 'Spike' }, brand: 'own', override: {} },
      preferences: { notifications: {}, categories: { news: { status: 'OPTED_OUT' } } },
    };
    const { status, json } = await first(given);
    expect([status, Object.keys(json)]).toEqual([200, ['messageId']]);
    expect((await stand.call('GET', `/messages/${json.messageId}`)).json).toMatchObject({
      ...{ id: json.messageId, recipient: 'spike', event: 'welcome', notification: 'welcome' },
    });
    const newer = await send({
      ...{ to: { ...given.profile, user_id: 'spike', preferences: given.preferences } },
      ...{ event: 'welcome', data: given.data, brand: given.brand },
    });
    const [old, now] = [await specsOf(json.messageId), await specsOf(newer.json.requestId)];
    expect(old).toMatchObject({
      job: { template: { id: 'welcome' }, brand: 'own', data: { name: 'Spike' } },
    });
    expect(old?.job).toEqual(now?.job);
    expect(old?.one['recipient']).toEqual(now?.one['recipient']);
    expect(old?.one['gates']).toEqual(now?.one['gates']);
  });

  test('repeated with its Idempotency-Key sends once', async () => {
    const headers = { 'Idempotency-Key': 'first-1' };
    const { status, json } = await first({ recipient: 'once' }, headers);
    expect(await first({ recipient: 'once' }, headers)).toMatchObject({ status, json });
    expect((await stand.call('GET', '/messages?recipient=once')).json.results).toHaveLength(1);
  });

  test.each([
    [{ override: { smtp: { body: {} } } }, 'override: is not supported yet'],
    [{ profile: 'x' }, 'profile: '],
    [{ profile: { email: 1 } }, 'email must be a string'],
    [{ preferences: { categories: { news: { status: 'MAYBE' } } } }, 'preferences must hold a status'],
    [{ data: [] }, 'data: '],
    [{ event: '' }, 'event: '],
    [{ recipient: null }, 'recipient: '],
    [{ event: undefined }, 'event: '],
  ])('%j is a 400 that names the place', async (body, place) => {
    const { status, json } = await first(body);
    expect([status, json.type]).toEqual([400, 'invalid_request_error']);
    expect(json.message).toContain(place);
  });

  test('data that is too large is refused where it stands', async () => {
    const { status, json } = await first({ data: { blob: 'x'.repeat(1_000_001) } });
    expect([status, json.message]).toEqual([400, expect.stringContaining('not valid. data: ')]);
  });

  test('the page says of `override` what is answered', () => {
    const page = readFileSync('docs/courier-send.md', 'utf8');
    expect(page).toContain('An `override` that is not empty is a 400.');
  });
});

test.each([
  null,
  1,
  [],
  { message: 1 },
  { message: { to, content: 1 } },
  { message: { to, message: { data: 1 }, content } },
])('a body of %j is never a 500', async (body) => {
  expect((await stand.call('POST', '/send', { body })).status).toBeLessThan(500);
});
