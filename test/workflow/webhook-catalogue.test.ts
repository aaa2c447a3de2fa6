import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TEST_TYPE, WEBHOOK_TYPES } from '../../src/domain/webhooks';
import { queueTest } from '../../src/ledger/webhook-wakes';
import { startHttpSink, type HttpSink } from '../support/sinks/http-sink';
import { DAY, WORKSPACE } from './stage';
import { startWebhookStage, type WebhookStage } from './webhook-stage';

const DOCS = join(__dirname, '../../docs/webhooks.md');
const BEGIN = '<!-- examples: written by test/workflow/webhook-catalogue.test.ts with UPDATE_DOCS=1 -->';
const END = '<!-- end of examples -->';

let stage: WebhookStage;
let receiver: HttpSink;
beforeAll(async () => {
  [stage, receiver] = await Promise.all([startWebhookStage(), startHttpSink()]);
}, 60_000);
afterAll(async () => {
  await stage?.close();
  await receiver?.close();
});

/** Events that come from outside or from a rule of a workspace: written here as those who find them write them. */
async function noteFromOutside(messageId: string): Promise<void> {
  const facts: [string, object][] = [
    ['delivered', { attempt: 1 }],
    ['undelivered', { attempt: 1, reason: 'bounced' }],
    ['failed', { attempt: 1, outcome: 'permanent', code: 'http_400', reason: 'provider_refused' }],
    ['uncertain', { attempt: 1, reason: 'in_doubt' }],
    ['skipped', { reason: 'unsubscribed' }],
    ['rejected', { reason: 'no_address' }],
    ['opened', {}],
    ['clicked', { url: 'https://example.com/offer' }],
  ];
  for (const [type, data] of facts)
    await stage.db.query(
      'insert into events (message_id, workspace_id, type, data) values ($1, $2, $3, $4)',
      [messageId, WORKSPACE, type, JSON.stringify(data)],
    );
}

async function tellEverything(): Promise<string[]> {
  const endpoint = await stage.addEndpoint(receiver.url);
  const gone = await startHttpSink({ answer: { status: 410 } });
  await stage.addEndpoint(gone.url, { types: ['job.started'] });
  const { batchId, messageIds } = await stage.batch(['u0']);
  await stage.finish('batch', batchId);
  await noteFromOutside(messageIds[0] ?? '');
  const later = await stage.batch([{ id: 'u1', notBeforeMs: (await stage.nowMs()) + DAY }]);
  await stage.until(
    'it waits',
    async () => (await stage.message(later.messageIds[0] ?? '')).state === 'waiting',
  );
  for (const command of ['pause', 'resume', 'cancel'] as const) await stage.command(later.batchId, command);
  await stage.finish('batch', later.batchId);
  await stage.db.query(
    `insert into workspace_events (workspace_id, job_id, type, data) values ($1, $2, 'job.progress', $3)`,
    [WORKSPACE, batchId, JSON.stringify({ percent: 10, counts: { pending: 9, sent: 1, enqueued: 1 } })],
  );
  await stage.until('the other is disabled', async () => {
    await stage.wake();
    const [row] = await stage.db.query(`select 1 from workspace_events where type = 'endpoint.disabled'`);
    return row !== undefined;
  });
  await stage.db.transaction((tx) => queueTest(tx, { workspaceId: WORKSPACE, endpointId: endpoint }));
  await stage.drained(endpoint);
  await gone.close();
  return receiver.requests.map(({ body }) => body);
}

/** Ids and times of a run, put the same for every run. */
function normalised(body: string): string {
  const ids = new Map<string, string>();
  const stable = body
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)/g, '2026-01-31T09:30:00.000Z')
    .replace(/"waitMs":\d+/g, '"waitMs":86400000')
    .replace(/"1-[0-9a-f]{8}-[0-9a-f]{24}"/g, '"1-0198c1a2-7b3c7d4e8f5061728394a5b6"')
    .replace(/"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"/g, (id) => {
      const known = ids.get(id) ?? `"0198c1a2-7b3c-7d4e-8f50-${String(ids.size + 1).padStart(12, '0')}"`;
      ids.set(id, known);
      return known;
    });
  return JSON.stringify(JSON.parse(stable), undefined, 2);
}

test('the catalogue in the docs shows every type, as it is sent', async () => {
  const bodies = new Map<string, string>();
  for (const body of await tellEverything()) {
    const { type } = JSON.parse(body) as { type: string };
    // The last one of a type: of job.completed that is the cancelled job's.
    bodies.set(type, body);
  }
  const types = [...WEBHOOK_TYPES, TEST_TYPE];
  expect([...bodies.keys()].sort()).toEqual([...types].sort());
  const examples = types
    .map((type) => `### ${type}\n\n\`\`\`json\n${normalised(bodies.get(type) ?? '')}\n\`\`\``)
    .join('\n\n');
  const docs = readFileSync(DOCS, 'utf8');
  const [before = '', rest = ''] = docs.split(BEGIN);
  const [, after = ''] = rest.split(END);
  const wanted = `${before}${BEGIN}\n\n${examples}\n\n${END}${after}`;
  if (process.env['UPDATE_DOCS']) writeFileSync(DOCS, wanted);
  expect(readFileSync(DOCS, 'utf8')).toBe(wanted);
});
