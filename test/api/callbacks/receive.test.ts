import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { createCallbackRouter } from '../../../api/callbacks/receive';
import { createBirdDialect } from '../../../api/bird';
import { createBodyRoom } from '../../../api/middleware/body-room';
import { type Database } from '../../../src/ledger/database';
import { insertChannel, sealCredentials } from '../../../src/ledger/channels';
import { createSandboxLog } from '../../../src/ledger/sandbox-deliveries';
import { createCallbackReaders } from '../../../src/providers/callbacks/readers';
import { createTokenSigner } from '../../../src/providers/callbacks/return-path';
import { parseEgressAllow } from '../../../src/providers/egress/address-policy';
import { createEgress } from '../../../src/providers/egress/guarded-client';
import { createProviders } from '../../../src/providers/registry';
import { createLog } from '../../../src/runtime/log';
import { createSecretBox } from '../../../src/runtime/secret-box';
import { createService } from '../../../src/service/create-service';
import { createStand, type Stand } from '../framework/setup';
import { attempt } from '../courier/ledger-moves';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const box = createSecretBox([{ id: 'test', key: Buffer.alloc(32, 1) }]);
const channelId = randomUUID();
let stand: Stand;
let path: string;
let messageId: string;

beforeAll(async () => {
  const holder: { db?: Database } = {};
  const db: Database = {
    query: (text, values) => (holder.db as Database).query(text, values),
    transaction: (work) => (holder.db as Database).transaction(work),
    close: async () => undefined,
  };
  const service = createService({ notifier: { look: () => undefined, liveStatus: async () => undefined } });
  const providers = createProviders({
    egress: createEgress({ allow: parseEgressAllow('127.0.0.0/8') }),
    sandboxLog: createSandboxLog(db),
  });
  const readers = createCallbackReaders({ returnPaths: createTokenSigner(Buffer.alloc(32, 2)) });
  stand = await createStand([createBirdDialect({ service })], {
    callbacks: createCallbackRouter({
      ...{ db, readers, providers, secretBox: box, publicUrl: 'https://volley.example' },
      log: createLog('silent', 'test'),
      room: createBodyRoom({ totalBytes: 8 * 1024 * 1024, turnMs: 50 }),
    }),
  });
  holder.db = stand.database.db;
  const ref = { workspaceId: stand.workspaceId, channelId };
  await insertChannel(stand.database.db, {
    ...{ id: channelId, workspaceId: stand.workspaceId, kind: 'webhook', provider: 'webhook', name: 'hook' },
    settings: { url: 'https://receiver.example' },
    sealedCredentials: sealCredentials(box, ref, { secret: SECRET }),
  });
  path = `/callbacks/${channelId}/webhook`;
  const sent = await stand.call('POST', `/workspaces/${stand.workspaceId}/channels/${channelId}/messages`, {
    body: { receiver: { contacts: [{ id: 'jane' }] }, body: { type: 'text', text: { text: 'hello' } } },
  });
  messageId = sent.json.id;
  await attempt(stand.database.db, messageId, {}, 'webhook');
  await stand.database.db.query('update deliveries set channel_id = $1', [channelId]);
});
afterAll(() => stand.close());

function call(body: unknown, { atMs = Date.now(), secret = SECRET, to = path } = {}) {
  const raw = JSON.stringify(body);
  const headers = {
    'webhook-id': 'call-1',
    'webhook-timestamp': String(Math.floor(atMs / 1000)),
    'webhook-signature': new Webhook(secret).sign('call-1', new Date(atMs), raw),
  };
  return stand.call('POST', to, { raw, headers, key: null });
}
const event = (type: string, id: string) => ({ id, messageId, type, at: new Date().toISOString() });
const state = async () => {
  const rows = await stand.database.db.query<{ state: string }>('select state from message_states');
  return rows.map((row) => row.state);
};
const OTHER = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;

test('what is unsigned, stale or signed by another is refused, and changes nothing', async () => {
  const body = { events: [event('delivered', 'e-1')] };
  expect((await stand.call('POST', path, { body, key: null })).status).toBe(401);
  expect((await call(body, { secret: OTHER })).status).toBe(401);
  expect((await call(body, { atMs: Date.now() - 600_000 })).status).toBe(401);
  expect((await call({ events: 'none' })).status).toBe(400);
  expect(await state()).toEqual(['sent']);
});

test('a thousand events in one call are one transaction', async () => {
  const events = Array.from({ length: 1_000 }, (_, n) => event('opened', `many-${n}`));
  expect(await call({ events })).toMatchObject({ status: 200, json: { received: 1_000, stored: 1_000 } });
  const rows = await stand.database.db.query(
    `select xmin::text as transaction, count(*)::int as n from events where dedupe like '%/many-%' group by 1`,
  );
  expect(rows).toEqual([{ transaction: expect.any(String), n: 1_000 }]);
});

test('a call of over 4 MB is refused before anything is made of it', async () => {
  const answer = await call({ events: 'x'.repeat(4 * 1024 * 1024) });
  expect([answer.status, answer.text]).toEqual([413, expect.stringContaining('4 MB')]);
});

test('calls that find no room in time are 503 with Retry-After, whoever sent them', async () => {
  const full = Array.from({ length: 2 }, () => begin(4 * 1024 * 1024));
  await until(async () => (await call({ events: 'x'.repeat(65 * 1024) })).status === 503);
  const refused = await call({ events: 'x'.repeat(65 * 1024) });
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.any(String)]);
  for (const socket of full) socket.destroy();
  await until(async () => (await call({ events: 'x'.repeat(65 * 1024) })).status === 400);
});

/** A call whose body does not come. */
function begin(bytes: number) {
  const socket = connect(stand.server.port, '127.0.0.1');
  socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n\r\n`);
  return socket;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

test('a channel that is not there, and one of another provider, have no endpoint', async () => {
  const body = { events: [event('delivered', 'e-1')] };
  for (const to of [
    `/callbacks/${randomUUID()}/webhook`,
    `/callbacks/x/webhook`,
    `/callbacks/${channelId}/twilio`,
    `/callbacks/${channelId}/none`,
  ]) {
    expect((await call(body, { to })).status).toBe(404);
  }
});

test('a signed one is stored, once however often it comes', async () => {
  const body = {
    events: [
      event('delivered', 'e-1'),
      event('opened', 'e-2'),
      { ...event('opened', 'e-3'), messageId: randomUUID() },
    ],
  };
  expect(await call(body)).toMatchObject({ status: 200, json: { received: 3, stored: 2 } });
  expect(await call(body)).toMatchObject({ status: 200, json: { received: 3, stored: 0 } });
  expect(await state()).toEqual(['delivered']);
  const shown = await stand.call('GET', `/workspaces/${stand.workspaceId}/messages/${messageId}`);
  expect(shown.json.status).toBe('delivered');
});

test('a text that is cut within a character does not keep a batch from being stored', async () => {
  const odd = { ...event('deferred', 'cut-1'), detail: `${'x'.repeat(199)}😀` };
  const body = { events: [odd, event('opened', 'cut-2')] };
  expect(await call(body)).toMatchObject({ status: 200, json: { received: 2, stored: 2 } });
});
