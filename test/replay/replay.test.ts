import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker, type WorkflowBundle } from '@temporalio/worker';
import { parseEncryptionKeys } from '../../src/runtime/config';
import { dataConverter } from '../../src/temporal/connect';
import { createPayloadCodec } from '../../src/temporal/payload-codec';
import { bundleWorkflows } from '../../src/temporal/workers';
import { RECORDING_KEY } from './keys';

/** Committed histories of real runs, one per workflow and path (see record.ts): today's code must be able to go on with each. */
const FOLDER = join(__dirname, 'histories');
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const keys = parseEncryptionKeys(RECORDING_KEY);
const read = (name: string): unknown => JSON.parse(readFileSync(join(FOLDER, name), 'utf8'));

let bundle: WorkflowBundle;
beforeAll(async () => {
  bundle = await bundleWorkflows();
}, 60_000);

test('every workflow has histories of several paths', () => {
  for (const workflow of ['bulkJob', 'batch', 'deliverShard', 'deliverMessage']) {
    expect(names.filter((name) => name.startsWith(`${workflow}-`)).length).toBeGreaterThanOrEqual(2);
  }
});

test.each(names)(
  '%s replays without a difference',
  async (name) => {
    const options = { workflowBundle: bundle, dataConverter: dataConverter(keys), replayName: name };
    await expect(Worker.runReplayHistory(options, read(name), 'replayed')).resolves.toBeUndefined();
  },
  60_000,
);

test('a history that the code would not have made is told apart', async () => {
  const history = read('deliverMessage-sent.json') as {
    events: { activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[];
  };
  for (const { activityTaskScheduledEventAttributes: scheduled } of history.events)
    if (scheduled) scheduled.activityType.name = 'cancelMessage';
  const options = { workflowBundle: bundle, dataConverter: dataConverter(keys), replayName: 'changed' };
  await expect(Worker.runReplayHistory(options, history, 'changed')).rejects.toThrow();
}, 60_000);

interface Wire {
  metadata?: Record<string, string>;
  data?: string;
}

/** Every payload of a history, wherever it hides, decrypted. */
async function payloadsOf(node: unknown): Promise<Buffer[]> {
  if (node === null || typeof node !== 'object') return [];
  const { metadata, data } = node as Wire;
  if (metadata?.['encoding'] !== undefined && typeof data === 'string') {
    const entries = Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value, 'base64')]);
    const payload = { metadata: Object.fromEntries(entries), data: Buffer.from(data, 'base64') };
    const [plain] = await createPayloadCodec(keys).decode([payload]);
    return [Buffer.from(plain?.data ?? [])];
  }
  return (await Promise.all(Object.values(node).map(payloadsOf))).flat();
}

test.each(names)('%s holds no address, stays within the budgets, and is encrypted', async (name) => {
  const text = readFileSync(join(FOLDER, name), 'utf8');
  const history = read(name) as { events: unknown[] };
  const payloads = await payloadsOf(history);
  expect(history.events.length).toBeLessThanOrEqual(4_096);
  expect(payloads.length).toBeGreaterThan(0);
  expect(text).not.toContain('somebody');
  for (const payload of payloads) {
    expect(payload.length).toBeLessThanOrEqual(256_000);
    expect(payload.toString()).not.toMatch(/[^\s"]+@[^\s"]+\.[a-z]/i);
  }
});
