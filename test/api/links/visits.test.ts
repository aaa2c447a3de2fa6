import { request } from 'node:http';
import { createBirdDialect } from '../../../api/bird';
import { createLinkRouter } from '../../../api/links/router';
import { type Database } from '../../../src/ledger/database';
import { keepLinks, keepShortLinks } from '../../../src/ledger/links';
import { createMessageLinks } from '../../../src/links/message-links';
import { createShortLinks } from '../../../src/links/short-links';
import { createTokens } from '../../../src/links/tokens';
import { addressKey } from '../../../src/ledger/fact-keys';
import { insertChannel } from '../../../src/ledger/channels';
import { createLog } from '../../../src/runtime/log';
import { createService } from '../../../src/service/create-service';
import { attempt } from '../courier/ledger-moves';
import { createStand, type Stand } from '../framework/setup';

const BASE = 'https://links.x.example';
const TARGET = 'https://shop.x.example/a?b=1#c';
const ADDRESS = 'ada@x.example';
const tokens = createTokens([{ id: 'k', key: Buffer.alloc(32, 5) }]);
const channelId = '0197a1c0-0000-7000-8000-000000000001';
let stand: Stand;

beforeAll(async () => {
  const holder: { db?: Database } = {};
  const db: Database = {
    query: (text, values) => (holder.db as Database).query(text, values),
    transaction: (work) => (holder.db as Database).transaction(work),
    close: async () => undefined,
  };
  const service = createService({ notifier: { look: () => undefined, liveStatus: async () => undefined } });
  stand = await createStand([createBirdDialect({ service })], {
    links: createLinkRouter({ db, tokens, base: BASE, log: createLog('silent', 'test') }),
  });
  holder.db = stand.database.db;
  await insertChannel(stand.database.db, {
    ...{ id: channelId, workspaceId: stand.workspaceId, kind: 'email', provider: 'smtp', name: 'mail' },
    settings: {},
  });
});
afterAll(() => stand.close());

/** A message that was sent, with one link of which the target is kept. */
async function sent(target = TARGET) {
  const { json } = await stand.call(
    'POST',
    `/workspaces/${stand.workspaceId}/channels/${channelId}/messages`,
    {
      body: {
        receiver: { contacts: [{ id: 'ada', identifierValue: ADDRESS }] },
        body: { type: 'text', text: { text: 'hello' } },
      },
    },
  );
  const messageId: string = json.id;
  await attempt(stand.database.db, messageId);
  const links = createMessageLinks(tokens, BASE, messageId);
  await keepLinks(stand.database.db, stand.workspaceId, [links.rowFor(target)]);
  return { messageId, links };
}
const get = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(stand.url + new URL(url).pathname, {
    ...{ method, redirect: 'manual' },
    headers: { 'user-agent': 'Mozilla/5.0', ...headers },
  });
const events = async (messageId: string) => {
  const rows = await stand.database.db.query<{ type: string }>(
    `select type from events where message_id = $1 and type in ('opened', 'clicked', 'unsubscribed') order by id`,
    [messageId],
  );
  return rows.map(({ type }) => type);
};
/** `fetch` sets Host itself. */
const getFrom = (host: string, path: string) =>
  new Promise<{ status: number | undefined; location: string | undefined }>((resolve, reject) => {
    const call = request(stand.url + path, { headers: { host } }, (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode, location: answer.headers.location });
    });
    call.on('error', reject).end();
  });

test('a click redirects to what the message linked to, and is one fact however often it comes', async () => {
  const { messageId, links } = await sent();
  const url = links.linkFor(TARGET);
  for (let times = 0; times < 3; times += 1) {
    const answer = await get(url);
    expect([answer.status, answer.headers.get('location')]).toEqual([302, TARGET]);
  }
  expect(await events(messageId)).toEqual(['clicked']);
});

test('what a program or a browser asks ahead of time is answered and not counted', async () => {
  const { messageId, links } = await sent();
  const url = links.linkFor(TARGET);
  expect((await get(url, {}, 'HEAD')).status).toBe(302);
  expect(
    (await get(url, { 'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' })).status,
  ).toBe(302);
  expect((await get(url, { 'sec-purpose': 'prefetch' })).status).toBe(302);
  expect((await get(links.pixel, {}, 'HEAD')).status).toBe(200);
  expect(await events(messageId)).toEqual([]);
});

test('a pixel is a picture that other sites may show', async () => {
  const { messageId, links } = await sent();
  const answer = await get(links.pixel);
  expect(answer.headers.get('content-type')).toBe('image/gif');
  expect(answer.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(0);
  expect(await events(messageId)).toEqual(['opened']);
});

test('nothing redirects to where no message led: a changed token, a target not kept, a script', async () => {
  const { messageId, links } = await sent('javascript:alert(1)');
  expect((await get(links.linkFor('javascript:alert(1)'))).status).toBe(404);
  expect((await get(links.linkFor('https://elsewhere.example/'))).status).toBe(404);
  expect((await get(`${BASE}/c/${Buffer.from('https://evil.example').toString('base64url')}`)).status).toBe(
    404,
  );
  expect((await get(`${BASE}/c/${links.pixel.split('/o/')[1]}`)).status).toBe(404);
  expect(await events(messageId)).toEqual([]);
});

test('a short link works on its own domain and on no other', async () => {
  const { messageId } = await sent();
  const short = createShortLinks(tokens, 'https://go.x.example', messageId);
  await keepShortLinks(stand.database.db, stand.workspaceId, [short.rowFor(TARGET)]);
  const { pathname } = new URL(short.linkFor(TARGET));
  expect((await getFrom('other.x.example', pathname)).status).toBe(404);
  expect((await getFrom('links.x.example', pathname)).status).toBe(404);
  expect(await events(messageId)).toEqual([]);
  expect(await getFrom('go.x.example', pathname)).toEqual({ status: 302, location: TARGET });
  expect(await events(messageId)).toEqual(['clicked']);
});

describe('unsubscribing', () => {
  const suppressed = () => stand.database.db.query('select kind, address, reason, source from suppressions');
  const post = (url: string, body: URLSearchParams) =>
    fetch(stand.url + new URL(url).pathname, { method: 'POST', body });
  const ONE_CLICK = { 'List-Unsubscribe': 'One-Click' };

  test('is asked by GET, which changes nothing, and done by POST, again after it was lifted too', async () => {
    const { messageId, links } = await sent();
    const { workspaceId } = stand;
    const page = links.unsubscribe({ workspaceId, identity: addressKey(workspaceId, 'email', ADDRESS) });
    expect(await (await get(page)).text()).toContain('<form method="post">');
    expect((await post(page, new URLSearchParams({ other: 'x' }))).status).toBe(400);
    expect(await suppressed()).toEqual([]);
    for (let times = 0; times < 2; times += 1) {
      expect((await post(page, new URLSearchParams(ONE_CLICK))).status).toBe(200);
      expect(await suppressed()).toEqual([
        { kind: 'email', address: ADDRESS, reason: 'unsubscribed', source: 'link' },
      ]);
      await stand.database.db.query('delete from suppressions');
    }
    expect(await events(messageId)).toEqual(['unsubscribed']);
  });

  test("from a topic is the person's own preference, and suppresses nothing", async () => {
    const { links } = await sent();
    const { workspaceId } = stand;
    const identity = addressKey(workspaceId, 'email', ADDRESS);
    const page = links.unsubscribe({ workspaceId, identity, topic: 'offers' });
    expect((await post(page, new URLSearchParams(ONE_CLICK))).status).toBe(200);
    expect(await suppressed()).toEqual([]);
    expect(await stand.database.db.query('select user_id, topic_id, status from preferences')).toEqual([
      { user_id: 'ada', topic_id: 'offers', status: 'opted_out' },
    ]);
  });
});
