import { Webhook } from 'standardwebhooks';
import { listen } from '../../../src/cli/listen';
import { createV1Stand, secretBox } from '../../api/v1/setup';
import { type Stand } from '../../api/framework/setup';
import { openSecrets } from '../../../src/ledger/webhook-endpoints';

let stand: Stand;
beforeAll(async () => {
  stand = await createV1Stand();
});
afterAll(() => stand?.close());

test('it registers an endpoint, prints what is signed and only that, and removes the endpoint again', async () => {
  const { db } = stand.database;
  const lines: string[] = [];
  const listening = await listen({
    ...{ port: '0', api: stand.url, key: stand.key, workspace: stand.workspaceId },
    print: (line) => lines.push(line),
  });
  const rows = () =>
    db.query<{ id: string; url: string }>('select id, url from webhook_endpoints where deleted_at is null');
  const [endpoint] = await rows();
  expect(endpoint?.url).toBe(listening.url);
  const ref = { workspaceId: stand.workspaceId, endpointId: endpoint!.id };
  const [{ secret } = { secret: '' }] = await openSecrets(db, secretBox, ref, Date.now());
  const now = new Date();
  const body = JSON.stringify({
    ...{ type: 'job.completed', timestamp: now.toISOString() },
    data: { jobId: 'job-1', counts: { sent: 2 } },
  });
  const post = (signature: string) =>
    fetch(listening.url, {
      method: 'POST',
      body,
      headers: {
        'webhook-id': 'evt_1',
        'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
        'webhook-signature': signature,
      },
    });
  expect((await post(new Webhook(secret).sign('evt_1', now, body))).status).toBe(204);
  expect((await post('v1,AAAA')).status).toBe(401);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/job\.completed.*evt_1.*job job-1.*"sent":2/);
  expect(lines[1]).toContain('refused');
  await listening.close();
  expect(await rows()).toEqual([]);
});

test('an endpoint that a killed listen left behind is cleared away', async () => {
  const { db } = stand.database;
  const options = {
    port: '0',
    api: stand.url,
    key: stand.key,
    workspace: stand.workspaceId,
    print: () => undefined,
  };
  const killed = await listen(options);
  await db.query('update webhook_endpoints set failing_since = now() where deleted_at is null');
  const next = await listen(options);
  const rows = await db.query<{ url: string }>('select url from webhook_endpoints where deleted_at is null');
  expect(rows.map(({ url }) => url)).toEqual([next.url]);
  await Promise.all([killed.close(), next.close()]);
});

test('a port that is taken is one sentence', async () => {
  const options = { api: stand.url, key: stand.key, workspace: stand.workspaceId, print: () => undefined };
  const first = await listen({ ...options, port: '0' });
  const { port } = new URL(first.url);
  await expect(listen({ ...options, port })).rejects.toThrow(
    `Port ${port} is taken by another process: give --port a free one, or 0 to have one picked.`,
  );
  await first.close();
});
