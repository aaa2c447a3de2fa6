import { Registry } from 'prom-client';
import { createApp } from '../../api/app';
import { createBirdDialect } from '../../api/bird';
import { createCourierDialect } from '../../api/courier';
import { createLinkRouter } from '../../api/links/router';
import { startServer, type RunningServer } from '../../api/server';
import { toCourierId } from '../../src/domain/ids';
import { issueKey } from '../../src/ledger/keys';
import { changeWorkspaceSettings } from '../../src/ledger/workspaces';
import { createLog } from '../../src/runtime/log';
import { sandboxChannelId } from '../../src/service/seed-workspace';
import { TEST_LINKS } from '../support/engine';
import { startStage, WORKSPACE, type Stage } from './stage';

const EMAIL = sandboxChannelId(WORKSPACE, 'email');
const BROWSER = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' };
const HTML = '<p>Hi <a href="https://shop.example/new?a=1#x">new</a></p>';
let stage: Stage;
let server: RunningServer;
let key: string;

beforeAll(async () => {
  stage = await startStage();
  const { service } = stage.engine;
  const log = createLog('silent', 'test');
  const app = createApp({
    ...{ db: stage.db, auth: {}, readiness: [], metrics: new Registry(), log },
    dialects: [createCourierDialect({ service }), createBirdDialect({ service })],
    links: createLinkRouter({ db: stage.db, log, ...TEST_LINKS }),
  });
  server = await startServer({ app, host: '127.0.0.1', port: 0 });
  ({ key } = await issueKey(stage.db, { workspaceId: WORKSPACE, name: 'test' }));
});
afterAll(async () => {
  await server.close();
  await stage.close();
});

/** Follows a link of a message as the host that it names would be asked. */
const visit = (url: string, init: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${server.port}${new URL(url).pathname}`, {
    ...{ redirect: 'manual', headers: BROWSER },
    ...init,
  });
async function api<T>(path: string): Promise<T> {
  const headers = { authorization: `Bearer ${key}` };
  return (await fetch(`http://127.0.0.1:${server.port}${path}`, { headers })).json() as Promise<T>;
}
const person = (email: string) => ({
  id: email,
  recipient: { id: email, idGenerated: false, addresses: { email } },
});
const tracked = {
  route: ['email' as const],
  content: {
    ...{ title: 'News', html: HTML, interpolate: true },
    text: 'See https://shop.example/new?a=1#x or {{volley.unsubscribeUrl}}',
  },
  links: { clicks: true, opens: true, utm: [{ key: 'source', value: 'spring' }] },
};
async function sentTo(
  email: string,
  spec = tracked,
): Promise<{ messageId: string; html: string; text: string }> {
  const jobId = await stage.fill([person(email)], { spec });
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  const [message] = await stage.messages(jobId);
  const [got] = await stage.db.query<{ html: string; text: string }>(
    'select html, text from sandbox_deliveries where message_id = $1',
    [message?.messageId],
  );
  return { messageId: message?.messageId ?? '', html: got?.html ?? '', text: got?.text ?? '' };
}
const hrefIn = (html: string) => /href="([^"]*\/c\/[^"]+)"/.exec(html)?.[1] ?? '';
const pixelIn = (html: string) => /src="([^"]*\/o\/[^"]+)"/.exec(html)?.[1] ?? '';
const pageIn = (text: string) => /https:\S+\/u\/\S+/.exec(text)?.[0] ?? '';

test('a click and an opening of a bulk message show at both doors, in the counters, and once each', async () => {
  const { messageId, html, text } = await sentTo('reader@x.test');
  expect(html).toContain(`${TEST_LINKS.base}/c/`);
  expect(html).not.toContain('shop.example');
  expect(text).toContain(hrefIn(html));

  expect((await visit(pixelIn(html))).status).toBe(200);
  for (let times = 0; times < 2; times += 1) {
    const click = await visit(hrefIn(html));
    expect(click.status).toBe(302);
    expect(click.headers.get('location')).toBe('https://shop.example/new?a=1&utm_source=spring#x');
    await visit(pixelIn(html));
  }

  const shown = await api<{ status: string; opened: number; clicked: number }>(
    `/messages/${toCourierId(messageId)}`,
  );
  expect(shown).toMatchObject({
    status: 'CLICKED',
    opened: expect.any(Number) as number,
    clicked: expect.any(Number) as number,
  });
  const { results } = await api<{ results: { type: string; metadata?: { url: string } }[] }>(
    `/workspaces/${WORKSPACE}/channels/${EMAIL}/messages/${messageId}/interactions`,
  );
  expect(results.map(({ type }) => type)).toEqual(['opened', 'clicked']);
  expect(results[1]?.metadata?.url).toBe('https://shop.example/new?a=1&utm_source=spring#x');
  const { jobId } = await stage.message(messageId);
  expect((await stage.job(jobId)).statistics).toMatchObject({ opened: 1, clicked: 1 });
  const output = await api<{ results: { content: { html: string } }[] }>(
    `/messages/${toCourierId(messageId)}/output`,
  );
  expect(output.results[0]?.content.html).toBe(html);
});

test('who unsubscribes by the link of one message gets no second one', async () => {
  const { messageId, text } = await sentTo('leaver@x.test');
  expect((await visit(pageIn(text))).status).toBe(200);
  expect(await sentTo('leaver@x.test')).toMatchObject({ html: expect.stringContaining('/c/') as string });

  const done = await visit(pageIn(text), {
    method: 'POST',
    body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
  });
  expect(done.status).toBe(200);
  const second = await sentTo('leaver@x.test');
  expect(second.html).toBe('');
  expect(await stage.message(second.messageId)).toMatchObject({ state: 'skipped', reason: 'unsubscribed' });
  const timeline = await stage.engine.service.readTimeline(stage.db, { workspaceId: WORKSPACE, messageId });
  expect(timeline.map(({ type }) => type)).toContain('unsubscribed');
});

test('a message that asks for nothing goes out as it was written, and no target is kept', async () => {
  await stage.db.query('delete from links');
  const { html } = await sentTo('plain@x.test', { ...tracked, links: {} as typeof tracked.links });
  expect(html).toContain('href="https://shop.example/new?a=1#x"');
  expect(html).not.toContain(TEST_LINKS.base);
  expect(await stage.db.query('select 1 from links')).toEqual([]);
});

test("the workspace's setting tracks what says nothing itself", async () => {
  const set = (change: Record<string, unknown>) =>
    stage.db.transaction((tx) => changeWorkspaceSettings(tx, WORKSPACE, change));
  await set({ linkTracking: true });
  const { html } = await sentTo('quiet@x.test', { ...tracked, links: {} as typeof tracked.links });
  await set({ linkTracking: null });
  expect(hrefIn(html)).not.toBe('');
  expect(pixelIn(html)).not.toBe('');
});
