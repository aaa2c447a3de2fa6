import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker, type WorkflowBundle } from '@temporalio/worker';
import { parseEncryptionKeys } from '../../src/runtime/encryption-keys';
import { dataConverter } from '../../src/temporal/connect';
import { createPayloadCodec } from '../../src/temporal/payload-codec';
import { quietRuntime } from '../support/quiet-runtime';
import { workflowBundle } from '../support/workflow-bundle';
import { RECORDING_KEY } from './keys';

/**
 * Committed histories of real runs, one per workflow and path (see record.ts; record-in-time.ts for those in which days pass):
 * today's code must be able to go on with each.
 */
const FOLDER = join(__dirname, 'histories');
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const keys = parseEncryptionKeys(RECORDING_KEY);
const read = (name: string): unknown => JSON.parse(readFileSync(join(FOLDER, name), 'utf8'));

let bundle: WorkflowBundle;
beforeAll(async () => {
  quietRuntime();
  bundle = await workflowBundle();
}, 60_000);

const PATHS = {
  bulkJob:
    'happy by-signal nested-user paused-resumed planned-again canceled shard-failed continued-as-new continued paged',
  batch: 'mixed scheduled continued canceled rejected',
  deliverShard: 'happy stopped child-already-open paged in-place',
  deliverMessage:
    'sent retried parked scheduled canceled waiting continued in-place in-place-retried in-place-failed',
  webhookEndpoint: 'backed-off deleted',
};

test('every workflow has a history of each of its paths', () => {
  for (const [workflow, paths] of Object.entries(PATHS)) {
    for (const path of paths.split(' ')) expect(names).toContain(`${workflow}-${path}.json`);
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

const ADDRESS = /[^\s"]+@[^\s"]+\.[a-z]/i;

test.each(names)('%s holds no address, stays within the budgets, and is encrypted', async (name) => {
  const text = readFileSync(join(FOLDER, name), 'utf8');
  const history = read(name) as { events: unknown[] };
  const payloads = await payloadsOf(history);
  expect(history.events.length).toBeLessThanOrEqual(4_096);
  expect(payloads.length).toBeGreaterThan(0);
  expect(text).not.toContain('somebody');
  expect(text).not.toMatch(ADDRESS);
  for (const payload of payloads) expect(payload.length).toBeLessThanOrEqual(256_000);
  // Users who come inline are the only personal data that Temporal is ever given, and the codec is what hides them.
  const inline = name.startsWith('bulkJob-by-signal');
  expect(payloads.some((payload) => ADDRESS.test(payload.toString()))).toBe(inline);
});

test.each(names)('%s has no payload in clear, but for search attributes', (name) => {
  const encodings = encodingsOf(read(name));
  expect(encodings.filter((encoding) => encoding !== 'binary/encrypted')).toEqual([]);
});

/** Search attributes; what the SDK notes of an attempt in place: its number, name and times; and the names of changes. */
const IN_CLEAR = ['searchAttributes', 'data', 'patch-data'];

/** The encoding of every payload of a history; what is in clear on purpose, and what the server writes by itself, is left out. */
function encodingsOf(node: unknown, field = ''): string[] {
  if (node === null || typeof node !== 'object' || IN_CLEAR.includes(field)) return [];
  const encoding = (node as Wire).metadata?.['encoding'];
  if (encoding !== undefined) return [Buffer.from(encoding, 'base64').toString()];
  return Object.entries(node).flatMap(([key, value]) => encodingsOf(value, key));
}
