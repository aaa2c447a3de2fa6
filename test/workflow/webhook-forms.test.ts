import { createHash, createHmac, randomUUID } from 'node:crypto';
import { toCourierId } from '../../src/domain/ids';
import { deleteChannel, insertChannel, sealCredentials } from '../../src/ledger/channels';
import { countWaiting, listEndpoints, updateEndpoint } from '../../src/ledger/webhook-endpoints';
import { replayFrom } from '../../src/ledger/webhook-wakes';
import { moveToChild } from '../../src/webhooks/own-target';
import { startHttpSink, type HttpSink, type SinkRequest } from '../support/sinks/http-sink';
import { startTwilioSink } from '../support/sinks/twilio-sink';
import { DAY, MINUTE, WORKSPACE } from './stage';
import { startWebhookStage, type WebhookStage } from './webhook-stage';

const KEY = 'a-key-of-our-own';
let stage: WebhookStage;
let receiver: HttpSink;

beforeAll(async () => {
  [stage, receiver] = await Promise.all([startWebhookStage(), startHttpSink()]);
}, 60_000);
afterAll(async () => {
  await stage?.close();
  await receiver?.close();
});
afterEach(async () => {
  await stage.db.query(`update webhook_endpoints set deleted_at = ledger_now() where deleted_at is null`);
  receiver.reset();
});

const secrets = [{ secret: KEY }];
const bird = (event: string, eventFilters: { key: string; value: string }[] = []) => ({
  ...{ form: 'bird' as const, secrets },
  filters: { service: 'channels', event, eventFilters },
});

async function sendTo(echo: object = {}, channelId = stage.webhookId, sms?: string): Promise<string> {
  const { messageIds, batchId } = await stage.db.transaction((tx) =>
    stage.engine.service.acceptBatch(tx, {
      ...{ workspaceId: WORKSPACE, channelId, guarantee: 'at_least_once', definition: {} },
      messages: [
        {
          spec: {
            ...{ content: { text: 'Hello', interpolate: false }, channelId, data: {} },
            recipient: { id: 'u0', idGenerated: false, addresses: sms === undefined ? {} : { sms } },
          },
          echo,
        },
      ],
    }),
  );
  await stage.engine.signalled();
  await stage.finish('batch', batchId);
  return messageIds[0] ?? '';
}

const json = ({ json: told }: SinkRequest) => told as Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- tests look into it freely

test("Courier's form tells the message as GET shows it, as of each event, signed as theirs", async () => {
  const id = await stage.addEndpoint(receiver.url, { form: 'courier', secrets });
  const messageId = await sendTo();
  await stage.drained(id);
  expect(receiver.requests.map((request) => [json(request)['type'], json(request)['data'].status])).toEqual([
    ['message:updated', 'ENQUEUED'],
    ['message:updated', 'ROUTED'],
    ['message:updated', 'SENT'],
  ]);
  expect(json(receiver.requests[2]!)['data']).toMatchObject({
    id: toCourierId(messageId),
    recipientId: 'u0',
  });
  expect(json(receiver.requests[1]!)['data'].sent).toBeUndefined();
  for (const { headers, body } of receiver.requests) {
    const [, t, signature] = /^t=(\d+),signature=([0-9a-f]+)$/.exec(headers['courier-signature'] ?? '') ?? [];
    expect(createHmac('sha256', KEY).update(`${t}.${body}`).digest('hex')).toBe(signature);
    expect(Math.abs(Date.now() - Number(t))).toBeLessThan(300_000);
  }
});

test('what is told of bulk recipients does not hang on how soon it is told', async () => {
  const early = await stage.addEndpoint(`${receiver.url}/early`, { form: 'courier', secrets });
  const late = await stage.addEndpoint(`${receiver.url}/late`, { form: 'courier', secrets });
  await stage.db.query(`update webhook_endpoints set quiet_until = 'infinity' where id = $1`, [late]);
  const jobId = await stage.fill(['u0']);
  await stage.drained(early);
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  await stage.db.query(`update webhook_endpoints set quiet_until = '-infinity' where id = $1`, [late]);
  for (const id of [early, late]) await stage.drained(id);
  const statuses = (path: string) =>
    receiver.requests
      .filter((request) => request.path === path)
      .map((request) => json(request)['data'].status);
  expect(statuses('/early')).toEqual(['ROUTED', 'SENT']);
  expect(statuses('/late')).toEqual(statuses('/early'));
});

test("Courier's form tells each provider as it stood at the event, after a refusal too, however late", async () => {
  await stage.addWebhook('second', { priority: 2 });
  const id = await stage.addEndpoint(receiver.url, { form: 'courier', secrets });
  await stage.db.query(`update webhook_endpoints set quiet_until = 'infinity' where id = $1`, [id]);
  stage.sink.answerOnce({ status: 400 });
  const jobId = await stage.fill(['u0']);
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  await stage.db.query(`update webhook_endpoints set quiet_until = '-infinity' where id = $1`, [id]);
  await stage.drained(id);
  const refused = { status: 'UNDELIVERABLE', error: 'The receiver answered 400.' };
  const news = receiver.requests.map((request) => json(request)['data']);
  expect(news.map(({ status, providers }) => [status, providers])).toMatchObject([
    ['ROUTED', [{ status: 'ROUTED' }]],
    ['DELAYED', [refused]],
    ['ROUTED', [refused, { status: 'ROUTED' }]],
    ['SENT', [refused, { status: 'SENT', sent: news[3]?.sent as number }]],
  ]);
  expect(news[0]?.providers[0]).not.toHaveProperty('error');
});

test("Bird's form tells service, event and message, signed over the URL that was called", async () => {
  const url = `${receiver.url}/in?tenant=1`;
  const id = await stage.addEndpoint(url, bird('webhook.outbound'));
  const messageId = await sendTo({ reference: 'order-1' });
  await stage.drained(id);
  expect(receiver.requests.map((request) => json(request)['payload'].status)).toEqual([
    ...['accepted', 'processing', 'sent'],
  ]);
  expect(json(receiver.requests[2]!)).toMatchObject({
    ...{ service: 'channels', event: 'webhook.outbound' },
    payload: { id: messageId, reference: 'order-1', channelId: stage.webhookId },
  });
  for (const { headers, body } of receiver.requests) {
    const timestamp = headers['messagebird-request-timestamp'];
    const hash = createHash('sha256').update(body).digest();
    const mac = createHmac('sha256', KEY).update(
      Buffer.concat([Buffer.from(`${timestamp}\n${url}\n`), hash]),
    );
    expect(mac.digest('base64')).toBe(headers['messagebird-signature']);
  }
});

test('filters of a subscription hold all together: status, channel, and the kind of channel in its event', async () => {
  const other = '0190b2c3-0000-7000-8000-000000000001';
  const mine = { key: 'channelId', value: stage.webhookId };
  const sent = { key: 'messageStatus', value: 'sent' };
  const ids = [
    await stage.addEndpoint(`${receiver.url}/both`, bird('webhook.outbound', [mine, sent])),
    await stage.addEndpoint(
      `${receiver.url}/one`,
      bird('webhook.outbound', [{ key: 'channelId', value: other }, sent]),
    ),
    await stage.addEndpoint(`${receiver.url}/sms`, bird('sms.outbound', [sent])),
    await stage.addEndpoint(`${receiver.url}/interaction`, bird('webhook.interaction')),
  ];
  await sendTo();
  for (const id of ids) await stage.drained(id);
  expect(receiver.requests.map(({ path }) => path)).toEqual(['/both']);
});

test('what goes out by WhatsApp is told as whatsapp and not as sms, and alike when its channel is gone by then', async () => {
  const login = { accountSid: `AC${'0a'.repeat(16)}`, authToken: 'hush' };
  const twilio = await startTwilioSink(login);
  try {
    const ref = { workspaceId: WORKSPACE, channelId: randomUUID() };
    await insertChannel(stage.db, {
      ...{ id: ref.channelId, workspaceId: WORKSPACE, kind: 'sms', provider: 'twilio', name: 'WhatsApp' },
      settings: {
        ...{ accountSid: login.accountSid, from: '+15005550006', sender: 'whatsapp', baseUrl: twilio.url },
      },
      sealedCredentials: sealCredentials(stage.engine.secretBox, ref, { authToken: login.authToken }),
    });
    const soon = await stage.addEndpoint(`${receiver.url}/soon`, bird('whatsapp.outbound'));
    const late = await stage.addEndpoint(`${receiver.url}/late`, bird('whatsapp.outbound'));
    const sms = await stage.addEndpoint(`${receiver.url}/sms`, bird('sms.outbound'));
    const reads = await stage.addEndpoint(`${receiver.url}/reads`, bird('whatsapp.interaction'));
    await stage.db.query(`update webhook_endpoints set quiet_until = 'infinity' where id = $1`, [late]);
    const messageId = await sendTo({}, ref.channelId, '+4915112345678');
    for (const id of [soon, sms]) await stage.drained(id);
    await deleteChannel(stage.db, ref);
    await stage.db.query(`update webhook_endpoints set quiet_until = '-infinity' where id = $1`, [late]);
    await stage.db.query(
      `insert into events (message_id, workspace_id, type, data)
       select message_id, workspace_id, 'opened', jsonb_build_object('deliveryId', id) from deliveries where message_id = $1`,
      [messageId],
    );
    for (const id of [late, reads]) await stage.drained(id);
    const told = (path: string) =>
      receiver.requests
        .filter((request) => request.path === path)
        .map((request) => [json(request)['event'], json(request)['payload'].status]);
    expect(told('/soon')).toEqual(
      ['accepted', 'processing', 'sent'].map((status) => ['whatsapp.outbound', status]),
    );
    expect(told('/late')).toEqual(told('/soon'));
    expect(told('/sms')).toEqual([]);
    const interactions = receiver.requests.filter(({ path }) => path === '/reads').map(json);
    expect(interactions).toMatchObject([
      { event: 'whatsapp.interaction', payload: { type: 'read', messageId } },
    ]);
  } finally {
    await twilio.close();
  }
});

test('an interaction is told to who subscribed to interactions', async () => {
  const id = await stage.addEndpoint(receiver.url, {
    ...bird('webhook.interaction', [{ key: 'interactionType', value: 'clicked' }]),
  });
  const messageId = await sendTo();
  for (const type of ['opened', 'clicked']) {
    await stage.db.query(
      `insert into events (message_id, workspace_id, type, data) values ($1, $2, $3, '{"url": "https://example.com"}')`,
      [messageId, WORKSPACE, type],
    );
  }
  await stage.drained(id);
  expect(receiver.requests.map(json)).toMatchObject([
    { event: 'webhook.interaction', payload: { type: 'clicked', messageId, url: 'https://example.com' } },
  ]);
});

test.each([
  ['complained', 'reported-as-spam'],
  ['unsubscribed', 'unsubscribed'],
])('%s is told to who subscribed to the interaction %s, and to nobody else', async (fact, name) => {
  const other = name === 'unsubscribed' ? 'reported-as-spam' : 'unsubscribed';
  const wanted = (value: string) => bird('webhook.interaction', [{ key: 'interactionType', value }]);
  const ids = [
    await stage.addEndpoint(`${receiver.url}/wanted`, wanted(name)),
    await stage.addEndpoint(`${receiver.url}/other`, wanted(other)),
    await stage.addEndpoint(`${receiver.url}/outbound`, bird('webhook.outbound')),
    await stage.addEndpoint(`${receiver.url}/courier`, { form: 'courier', secrets }),
  ];
  const messageId = await sendTo();
  for (const id of ids) await stage.drained(id);
  receiver.reset();
  await stage.db.query('insert into events (message_id, workspace_id, type) values ($1, $2, $3)', [
    ...[messageId, WORKSPACE, fact],
  ]);
  for (const id of ids) await stage.drained(id);
  expect(receiver.requests.map(({ path }) => path)).toEqual(['/wanted']);
  expect(receiver.requests.map(json)).toMatchObject([
    { event: 'webhook.interaction', payload: { type: name, messageId } },
  ]);
});

test("a message's own notification.url is told instead, where a subscription matches, and a dead one delays nobody", async () => {
  const own = await startHttpSink();
  const dead = await startHttpSink({ answer: { status: 500 } });
  try {
    const id = await stage.addEndpoint(
      receiver.url,
      bird('webhook.outbound', [{ key: 'messageStatus', value: 'sent' }]),
    );
    const toDead = await sendTo({ notification: { url: `${dead.url}/x` } });
    const toOwn = await sendTo({ notification: { url: `${own.url}/a?b=1` } });
    const plain = await sendTo();
    await stage.drained(id);
    await stage.until('told', async () => {
      await stage.wake();
      return own.requests.length > 0 && dead.requests.length > 0;
    });
    expect(receiver.requests.map((request) => json(request)['payload'].id)).toEqual([plain]);
    expect(own.requests.map((request) => [request.path, json(request)['payload'].id])).toEqual([
      ['/a?b=1', toOwn],
    ]);
    expect(json(dead.requests[0]!)['payload'].id).toBe(toDead);
    const { headers, body } = own.requests[0]!;
    const signed = Buffer.concat([
      Buffer.from(`${headers['messagebird-request-timestamp']}\n${own.url}/a?b=1\n`),
      createHash('sha256').update(body).digest(),
    ]);
    expect(createHmac('sha256', KEY).update(signed).digest('base64')).toBe(headers['messagebird-signature']);
    const children = (await listEndpoints(stage.db, { workspaceId: WORKSPACE, children: true })).filter(
      ({ parentId }) => parentId === id,
    );
    expect(children.map(({ url }) => url).sort()).toEqual([own.url, dead.url].sort());
  } finally {
    await own.close();
    await dead.close();
  }
});

test("what is for a message's own URL that is gone comes to the subscription's, and is not lost", async () => {
  const gone = await startHttpSink({ answer: { status: 410 } });
  try {
    const id = await stage.addEndpoint(
      receiver.url,
      bird('webhook.outbound', [{ key: 'messageStatus', value: 'sent' }]),
    );
    await sendTo({ notification: { url: `${gone.url}/first` } });
    await stage.drained(id);
    await stage.until('it is disabled', async () => {
      await stage.wake();
      const all = await listEndpoints(stage.db, { workspaceId: WORKSPACE, children: true });
      return all.some(({ parentId, status }) => parentId === id && status === 'disabled');
    });
    const later = await sendTo({ notification: { url: `${gone.url}/second` } });
    await stage.drained(id);
    expect(receiver.requests.map((request) => json(request)['payload'].id)).toEqual([later]);
    expect(gone.requests).toHaveLength(1);
  } finally {
    await gone.close();
  }
});

test.each([
  ['fails', 500],
  ['is gone', 410],
])(
  "a subscription whose own URL %s holds up no message's own URL, and their order is kept",
  async (_, status) => {
    const own = await startHttpSink();
    try {
      receiver.answer({ status });
      const id = await stage.addEndpoint(receiver.url, bird('webhook.outbound'));
      const ofMessages = () =>
        own.requests.map((request) => {
          const { id: messageId, status: told } = json(request)['payload'];
          return [messageId, told];
        });
      const life = (messageId: string) => ['accepted', 'processing', 'sent'].map((told) => [messageId, told]);
      await sendTo();
      const first = await sendTo({ notification: { url: `${own.url}/first` } });
      await stage.until('what waited behind the failure is told', async () => {
        await stage.wake();
        return own.requests.length === 3;
      });
      expect(ofMessages()).toEqual(life(first));
      if (status === 410) {
        expect(receiver.requests).toHaveLength(1);
        await stage.until('disabled', async () => (await stage.endpoint(id)).status === 'disabled');
        return;
      }
      // The second call is over: five minutes of backoff are before it.
      await stage.sleep(10_000);
      await receiver.waitFor(2);
      await stage.until('backing off', async () => (await stage.endpoint(id)).failures === 2);
      const second = await sendTo({ notification: { url: `${own.url}/second` } });
      await stage.sleep(MINUTE);
      await stage.until('what came in the backoff is told', async () => {
        await stage.wake();
        return own.requests.length === 6;
      });
      expect(ofMessages()).toEqual([...life(first), ...life(second)]);
      expect(receiver.requests).toHaveLength(2);
      receiver.answer({});
      await stage.sleep(5 * MINUTE);
      await stage.drained(id);
      expect(receiver.requests.slice(2).map((request) => json(request)['payload'].status)).toEqual([
        ...['accepted', 'processing', 'sent'],
      ]);
      expect(own.requests).toHaveLength(6);
    } finally {
      await own.close();
    }
  },
);

test("a subscription that is inactive stops messages' own URLs too, and they go on when it is active again", async () => {
  const [own, gone] = [await startHttpSink(), await startHttpSink({ answer: { status: 410 } })];
  const childOf = async (url: string) => {
    const all = await listEndpoints(stage.db, { workspaceId: WORKSPACE, children: true });
    return all.find((endpoint) => endpoint.url === url);
  };
  try {
    own.answer({ status: 500 });
    const id = await stage.addEndpoint(
      receiver.url,
      bird('webhook.outbound', [{ key: 'messageStatus', value: 'sent' }]),
    );
    const become = (status: 'active' | 'disabled') =>
      stage.db.transaction((tx) =>
        updateEndpoint(tx, { workspaceId: WORKSPACE, endpointId: id }, { status }),
      );
    await sendTo({ notification: { url: `${gone.url}/x` } });
    await sendTo({ notification: { url: `${own.url}/first` } });
    await stage.drained(id);
    await stage.until('one backs off and the other is gone', async () => {
      await stage.wake();
      const { failures = 0 } = (await childOf(own.url)) ?? {};
      return failures > 0 && (await childOf(gone.url))?.status === 'disabled';
    });
    await become('disabled');
    expect((await childOf(own.url))?.status).toBe('disabled');
    await stage.wake();
    own.answer({});
    const before = own.requests.length;
    await stage.sleep(DAY);
    expect(own.requests).toHaveLength(before);
    await become('active');
    expect(await childOf(own.url)).toMatchObject({ status: 'active', failures: 0 });
    expect((await childOf(gone.url))?.disabledReason).toBe('gone');
    const later = await sendTo({ notification: { url: `${own.url}/second` } });
    await stage.drained(id);
    await stage.drained((await childOf(own.url))?.id ?? '');
    expect(own.requests.slice(before).map((request) => json(request)['payload'].id)).toEqual([later]);
  } finally {
    await own.close();
    await gone.close();
  }
});

test("the line of messages' own URLs is not replayed by itself, and what it is owed stays", async () => {
  const own = await startHttpSink({ answer: { status: 500 } });
  try {
    const since = new Date(await stage.nowMs());
    const id = await stage.addEndpoint(receiver.url, bird('webhook.outbound'));
    await sendTo({ notification: { url: `${own.url}/x` } });
    await stage.drained(id);
    await stage.until('it was called', async () => {
      await stage.wake();
      return own.requests.length > 0;
    });
    const all = await listEndpoints(stage.db, { workspaceId: WORKSPACE, children: true });
    const child = all.find(({ parentId }) => parentId === id)!;
    const before = await countWaiting(stage.db, child.id);
    expect(before).toBeGreaterThan(0);
    const replay = stage.db.transaction((tx) =>
      replayFrom(tx, { workspaceId: WORKSPACE, endpointId: child.id }, since),
    );
    await expect(replay).rejects.toThrow(id);
    expect(await countWaiting(stage.db, child.id)).toBe(before);
  } finally {
    await own.close();
  }
});

test("a replay of a subscription tells messages' own URLs what was dropped when it stopped", async () => {
  const own = await startHttpSink({ answer: { status: 500 } });
  try {
    const since = new Date(await stage.nowMs());
    const id = await stage.addEndpoint(
      receiver.url,
      bird('webhook.outbound', [{ key: 'messageStatus', value: 'sent' }]),
    );
    const ref = { workspaceId: WORKSPACE, endpointId: id };
    const messageId = await sendTo({ notification: { url: `${own.url}/x` } });
    await stage.until('it was called', async () => {
      await stage.wake();
      return own.requests.length > 0;
    });
    await stage.db.transaction((tx) => updateEndpoint(tx, ref, { status: 'disabled' }));
    own.answer({});
    const before = own.requests.length;
    await stage.db.transaction((tx) => replayFrom(tx, ref, since));
    await stage.until('it is told', async () => {
      await stage.wake();
      return own.requests.length > before;
    });
    expect(json(own.requests.at(-1)!)['payload']).toMatchObject({ id: messageId, status: 'sent' });
  } finally {
    await own.close();
  }
});

test('what is handed on under a subscription that was just stopped is owed to nobody', async () => {
  const id = await stage.addEndpoint(receiver.url, bird('webhook.outbound'));
  const parent = await stage.endpoint(id);
  await stage.db.transaction((tx) =>
    updateEndpoint(tx, { workspaceId: WORKSPACE, endpointId: id }, { status: 'disabled' }),
  );
  const moved = await stage.db.transaction((tx) => moveToChild(tx, parent, 1, 'http://127.0.0.1:9/x'));
  expect(moved).toBe(true);
  expect(await listEndpoints(stage.db, { workspaceId: WORKSPACE, children: true })).toHaveLength(1);
});

test('a notification.template keeps its URL to the subscriptions of that template', async () => {
  const own = await startHttpSink();
  try {
    const outbound = bird('webhook.outbound', [{ key: 'messageStatus', value: 'sent' }]);
    const short = await stage.addEndpoint(`${receiver.url}/short`, {
      ...outbound,
      filters: { ...outbound.filters, template: 'short' },
    });
    const plain = await stage.addEndpoint(`${receiver.url}/plain`, outbound);
    await sendTo({ notification: { url: `${own.url}/own`, template: 'short' } });
    for (const id of [short, plain]) await stage.drained(id);
    await stage.until('told', async () => {
      await stage.wake();
      return own.requests.length > 0;
    });
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/plain']);
    expect(own.requests.map(({ path }) => path)).toEqual(['/own']);
  } finally {
    await own.close();
  }
});

test("without a matching subscription a message's own URL is not called", async () => {
  const own = await startHttpSink();
  try {
    const id = await stage.addEndpoint(receiver.url, bird('sms.outbound'));
    await sendTo({ notification: { url: own.url } });
    await stage.drained(id);
    // No line was made for it, which would be called only later.
    expect(await listEndpoints(stage.db, { workspaceId: WORKSPACE, children: true })).toHaveLength(1);
    expect(own.connections).toBe(0);
  } finally {
    await own.close();
  }
});
