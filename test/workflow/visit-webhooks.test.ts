import { Registry } from 'prom-client';
import { Webhook } from 'standardwebhooks';
import { createApp } from '../../api/app';
import { createLinkRouter } from '../../api/links/router';
import { startServer, type RunningServer } from '../../api/server';
import { createLog } from '../../src/runtime/log';
import { sandboxChannelId } from '../../src/service/seed-workspace';
import { TEST_LINKS } from '../support/engine';
import { startHttpSink, type HttpSink, type SinkRequest } from '../support/sinks/http-sink';
import { WORKSPACE } from './stage';
import { STANDARD_SECRET, startWebhookStage, type WebhookStage } from './webhook-stage';

const EMAIL = sandboxChannelId(WORKSPACE, 'email');
const TARGET = 'https://shop.example/new';
const secrets = [{ secret: 'a-key-of-our-own' }];

let stage: WebhookStage;
let receiver: HttpSink;
let server: RunningServer;

beforeAll(async () => {
  [stage, receiver] = await Promise.all([startWebhookStage(), startHttpSink()]);
  const log = createLog('silent', 'test');
  const app = createApp({
    ...{ db: stage.db, auth: {}, readiness: [], metrics: new Registry(), log },
    ...{ dialects: [], links: createLinkRouter({ db: stage.db, log, ...TEST_LINKS }) },
  });
  server = await startServer({ app, host: '127.0.0.1', port: 0 });
}, 60_000);
afterAll(async () => {
  await server?.close();
  await stage?.close();
  await receiver?.close();
});
afterEach(async () => {
  await stage.db.query(`update webhook_endpoints set deleted_at = ledger_now() where deleted_at is null`);
  receiver.reset();
});

interface Told {
  readonly type?: string;
  readonly event?: string;
  readonly data?: { readonly status?: string; readonly messageId?: string; readonly url?: string };
  readonly payload?: { readonly type?: string; readonly messageId?: string; readonly url?: string };
}
const told = ({ json }: SinkRequest): Told => json as Told;

/** A sent e-mail with a tracked link and a pixel, and where both lead. */
async function sendTracked(): Promise<{ messageId: string; link: string; pixel: string }> {
  const { batchId, messageIds } = await stage.batch(
    [
      {
        id: 'ada',
        recipient: { id: 'ada', idGenerated: false, addresses: { email: 'ada@x.test' } },
        content: { title: 'News', html: `<a href="${TARGET}">new</a>`, interpolate: false },
        links: { clicks: true, opens: true },
      },
    ],
    { channelId: EMAIL },
  );
  await stage.finish('batch', batchId);
  const [messageId = ''] = messageIds;
  const [got] = await stage.db.query<{ html: string }>(
    'select html from sandbox_deliveries where message_id = $1',
    [messageId],
  );
  const path = (attribute: string) =>
    new URL(new RegExp(`${attribute}="([^"]+)"`).exec(got?.html ?? '')?.[1] ?? '').pathname;
  return { messageId, link: path('href'), pixel: path('src') };
}

/** As the reader's mail client does, twice: the second time is no news. */
async function readAndClick({ link, pixel }: { link: string; pixel: string }): Promise<void> {
  for (const path of [pixel, link, pixel, link])
    await fetch(`http://127.0.0.1:${server.port}${path}`, {
      ...{ redirect: 'manual', headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' } },
    });
}

test('an opening and a click by the links of a mail are told once each, signed', async () => {
  const id = await stage.addEndpoint(receiver.url, { types: ['message.opened', 'message.clicked'] });
  const mail = await sendTracked();
  await readAndClick(mail);
  await stage.drained(id);
  expect(receiver.requests.map(told)).toMatchObject([
    { type: 'message.opened', data: { messageId: mail.messageId } },
    { type: 'message.clicked', data: { messageId: mail.messageId, url: TARGET } },
  ]);
  for (const { body, headers } of receiver.requests) new Webhook(STANDARD_SECRET).verify(body, headers);
});

test("Courier's form tells them as the message's new status", async () => {
  const id = await stage.addEndpoint(receiver.url, { form: 'courier', secrets });
  await readAndClick(await sendTracked());
  await stage.drained(id);
  const statuses = receiver.requests.map((request) => told(request).data?.status);
  expect(statuses).toEqual(['ENQUEUED', 'ROUTED', 'SENT', 'OPENED', 'CLICKED']);
});

test("Bird's form tells them as interactions of the channel's kind", async () => {
  const id = await stage.addEndpoint(receiver.url, {
    ...{ form: 'bird', secrets },
    filters: { service: 'channels', event: 'email.interaction', eventFilters: [] },
  });
  const { messageId, ...links } = await sendTracked();
  await readAndClick(links);
  await stage.drained(id);
  expect(receiver.requests.map(told)).toMatchObject([
    { event: 'email.interaction', payload: { type: 'opened', messageId } },
    { event: 'email.interaction', payload: { type: 'clicked', messageId, url: TARGET } },
  ]);
});
