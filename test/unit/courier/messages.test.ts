import { createCourierDialect } from '../../../api/courier';
import { toCourierId } from '../../../src/domain/ids';
import { REASONS_BY_STATE } from '../../../src/domain/reasons';
import { courierStatus } from '../../../src/domain/outward';
import { MESSAGE_STATES, type MessageState } from '../../../src/domain/states';
import { type DeliveryView, type EventView, type MessageView } from '../../../src/service/views';
import { HISTORY_TYPES } from '../../../api/courier/history';
import { callerOf } from '../../support/door';
import { createFakeService, type FakeService } from '../../support/fake-service';

const EMAIL = 'spike@bebop.example';
const PHONE = '+1 555 010 0199';

let service: FakeService;
let call: ReturnType<typeof callerOf>;
let jobId: string;
let messageId: string;
let path: string;

beforeEach(async () => {
  service = createFakeService();
  call = callerOf(createCourierDialect({ service }));
  const created = await call('POST', '/bulk', { body: { message: { message: { template: 'welcome' } } } });
  jobId = (created.body as { jobId: string }).jobId;
  const user = { profile: { email: EMAIL, phone_number: PHONE }, to: { user_id: 'spike' } };
  await call('POST', `/bulk/${jobId}`, { body: { users: [user] } });
  messageId = [...service.jobs.values()][0]?.messages[0]?.messageId ?? '';
  path = `/messages/${toCourierId(messageId)}`;
});

const run = () => call('POST', `/bulk/${jobId}/run`);
const delivery = (provider: string, more: Partial<DeliveryView> = {}): DeliveryView => ({
  ...{ id: 'd', channelId: 'ch', kind: 'email', provider, vendorId: null, namedAt: null },
  ...{ leftAt: null, detail: null, createdAt: new Date(4), ...more },
});
const details = async () => (await call('GET', path)).body as Record<string, unknown>;
const event = (type: string, data: EventView['data'] = {}, ms = 0): EventView => ({
  id: 1,
  at: new Date(ms),
  type,
  data,
});
const history = async (timeline: EventView[], query = {}) => {
  service.timelines.set(messageId, timeline);
  return call('GET', `${path}/history`, { query });
};

test('a message is 404 until its job runs, and so is an id that names none', async () => {
  for (const each of [path, '/messages/nonsense', '/messages/1-00000000-000000000000000000000000']) {
    expect((await call('GET', each)).status).toBe(404);
    expect((await call('GET', `${each}/history`)).status).toBe(404);
  }
  await run();
  expect((await call('GET', path)).status).toBe(200);
  expect((await call('GET', path, { workspaceId: '00000000-0000-4000-8000-000000000000' })).status).toBe(404);
});

test('a delivered message is told with its times, its way and its job', async () => {
  await run();
  const deliveries = [delivery('smtp', { vendorId: 'v-1', namedAt: new Date(5) })];
  const times = { enqueuedAt: new Date(3), sentAt: new Date(5), deliveredAt: new Date(6) };
  service.move(messageId, 'delivered', { ...times, deliveries });
  expect(await details()).toEqual({
    id: toCourierId(messageId),
    status: 'DELIVERED',
    enqueued: 3,
    sent: 5,
    delivered: 6,
    recipient: 'spike',
    event: 'welcome',
    notification: 'welcome',
    jobId,
    providers: [
      {
        ...{ channel: { id: 'ch', key: 'email' }, provider: 'smtp', reference: { id: 'v-1' } },
        ...{ status: 'DELIVERED', sent: 5, delivered: 6 },
      },
    ],
  });
});

describe('each provider of a message', () => {
  const providers = async () => (await details())['providers'];
  const no = { leftAt: new Date(3), detail: `550 <${EMAIL}> no` };
  const refused = {
    ...{ channel: { id: 'ch', key: 'sms' }, provider: 'twilio', status: 'UNDELIVERABLE' },
    error: '550 <[address]> no',
  };

  test("is told with Courier's name of its channel", async () => {
    await run();
    const kinds = ['email', 'sms', 'push', 'inbox', 'chat', 'webhook', 'any'];
    service.move(messageId, 'sent', { deliveries: kinds.map((kind) => delivery('x', { kind })) });
    expect(await providers()).toMatchObject(
      ['email', 'sms', 'push', 'inbox', 'direct_message', 'webhook', 'any'].map((key) => ({
        channel: { key },
      })),
    );
  });

  test("has what came of it: a former one's refusal, and of the newest what is said of the message", async () => {
    await run();
    const deliveries = [delivery('twilio', { kind: 'sms', ...no }), delivery('smtp')];
    service.move(messageId, 'delivered', {
      ...{ deliveries, sentAt: new Date(5), deliveredAt: new Date(6) },
      ...{ clickedAt: new Date(7), engaged: 'clicked' },
    });
    expect(await providers()).toEqual([
      refused,
      {
        ...{ channel: { id: 'ch', key: 'email' }, provider: 'smtp', status: 'CLICKED' },
        ...{ sent: 5, delivered: 6, clicked: 7 },
      },
    ]);
    service.move(messageId, 'undelivered', { reason: 'bounced', detail: 'gone', clickedAt: null });
    const { error, reason } = await details();
    expect(reason).toBe('BOUNCED');
    expect(await providers()).toMatchObject([refused, { status: 'UNDELIVERABLE', error, sent: 5 }]);
  });

  test.each(['waiting', 'rejected', 'skipped', 'canceled', 'failed'] as const)(
    'that was given up is told so, and in its own words, while the message is %s',
    async (state) => {
      await run();
      service.move(messageId, state, { deliveries: [delivery('twilio', { kind: 'sms', ...no })] });
      expect(await providers()).toEqual([refused]);
    },
  );

  test('that may yet take it waits', async () => {
    await run();
    const deliveries = [delivery('smtp', { detail: `421 ${EMAIL} later` })];
    service.move(messageId, 'waiting', { deliveries, waitReason: 'backoff' });
    expect(await providers()).toEqual([
      { channel: { id: 'ch', key: 'email' }, provider: 'smtp', status: 'DELAYED' },
    ]);
  });
});

const finals = Object.entries(REASONS_BY_STATE).flatMap(([state, reasons]) =>
  reasons.map((reason) => ({ state: state as MessageState, reason })),
);

test.each(finals)(
  '$state for $reason looks as in the table, and the error names the reason',
  async (view) => {
    await run();
    service.move(messageId, view.state, { reason: view.reason });
    const body = await details();
    expect(body).toMatchObject(courierStatus(view));
    expect(body['error']).toMatch(new RegExp(`^${view.reason}: \\w`));
  },
);

test('an error never holds an address, wherever the vendor put it', async () => {
  await run();
  const detail = `550 <${EMAIL}> unknown; also other@x.example and ${PHONE}, 0049-30-1234567`;
  service.move(messageId, 'failed', { reason: 'provider_refused', detail });
  const { error } = await details();
  expect(error).toContain('550');
  expect(error).not.toMatch(/@|555|1234567/);
  const { body } = await history([event('failed', { reason: 'provider_refused', detail })]);
  expect(JSON.stringify(body)).not.toMatch(/bebop|555|1234567/);
});

test('the history tells the timeline in order, in Courier’s words, with each attempt’s way', async () => {
  await run();
  const way = { channelId: 'ch', kind: 'email', provider: 'smtp' };
  const { body } = await history([
    event('accepted', {}, 1),
    event('sending', { attempt: 1, ...way }, 2),
    event('waiting', { attempt: 1, waitReason: 'backoff', waitMs: 9, outcome: 'retryable', code: '421' }, 3),
    event('sending', { attempt: 2, ...way }, 4),
    event('recovered', { attempt: 3, possibleDuplicate: true }, 5),
    event('late_outcome', { attempt: 2, outcome: 'retryable' }, 6),
    event('sent', { attempt: 3 }, 7),
    event('undelivered', { attempt: 3, reason: 'bounced' }, 8),
  ]);
  const on = { channel: { id: 'ch', key: 'email' }, integration: { id: 'ch', provider: 'smtp' } };
  expect(body).toEqual({
    results: [
      { ts: 1, type: 'ENQUEUED' },
      { ts: 2, type: 'ROUTED', attempt: 1, ...on },
      { ts: 3, type: 'DELAYED', attempt: 1, wait_reason: 'backoff', ...on },
      { ts: 4, type: 'ROUTED', attempt: 2, ...on },
      { ts: 5, type: 'ROUTED', attempt: 3, possible_duplicate: true, ...on },
      { ts: 7, type: 'SENT', attempt: 3, ...on },
      {
        ts: 8,
        type: 'UNDELIVERABLE',
        reason: 'BOUNCED',
        error_message: expect.stringMatching(/^bounced: /),
        attempt: 3,
        ...on,
      },
    ],
  });
});

test("a way by chat is told by Courier's name of it", async () => {
  await run();
  const { body } = await history([
    event('sending', { attempt: 1, channelId: 'ch', kind: 'chat', provider: 'sandbox' }),
  ]);
  expect(body).toMatchObject({ results: [{ channel: { id: 'ch', key: 'direct_message' } }] });
});

test('type picks one type; one that never happens here finds nothing, and one that does not exist is 400', async () => {
  await run();
  const timeline = [event('accepted'), event('sending', { attempt: 1 }), event('sent', { attempt: 1 })];
  expect((await history(timeline, { type: ['SENT'] })).body).toMatchObject({ results: [{ type: 'SENT' }] });
  for (const type of ['MAPPED', 'DELIVERING', 'SIMULATED', 'DIGESTED', 'FAILED', 'PROCESSED']) {
    expect((await history(timeline, { type: [type] })).body).toEqual({ results: [] });
  }
  expect((await history(timeline, { type: ['undefined'] })).body).toMatchObject({ results: { length: 3 } });
  expect((await history(timeline, { type: ['NONSENSE'] })).status).toBe(400);
});

test('every state and reason has a type, and the last one agrees with the message', async () => {
  await run();
  const views: Pick<MessageView, 'state' | 'reason'>[] = [
    ...MESSAGE_STATES.filter((state) => !(state in REASONS_BY_STATE)).map((state) => ({
      state,
      reason: null,
    })),
    ...finals,
  ];
  for (const view of views) {
    service.move(messageId, view.state, view);
    const { body } = await history([event(view.state, { reason: view.reason })]);
    const last = (body as { results: { type: string; reason?: string }[] }).results.at(-1);
    const { status, reason } = (await details()) as { status: string; reason?: string };
    expect(HISTORY_TYPES).toContain(status);
    expect([last?.type, last?.reason]).toEqual([status, reason]);
  }
});
