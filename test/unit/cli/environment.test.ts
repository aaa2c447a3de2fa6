import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedEnvironment } from '../../../src/cli/environment';
import { startEmbedded } from '../../../src/cli/start';
import { OperatorError } from '../../../src/domain/operator-error';
import { readConfig } from '../../../src/runtime/config';
import { runVolley } from './run-process';

const KEY = Buffer.alloc(32, 7).toString('base64');
/** Nobody listens on port 1. */
const GOOD = {
  DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/x',
  TEMPORAL_ADDRESS: '127.0.0.1:1',
  VOLLEY_ENCRYPTION_KEY: `k1:${KEY}`,
};

let folder: string;
let taken: Server;
let takenPort: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'volley-env-'));
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  takenPort = String((taken.address() as AddressInfo).port);
});
afterAll(() => {
  taken.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  ['VOLLEY_SHARDS', 'not-a-number'],
  ['VOLLEY_ADMIN_KEY', 'too-short'],
  ['VOLLEY_ENCRYPTION_KEY', 'k1:too-short'],
  ['VOLLEY_ENCRYPTION_KEY', `k1:${KEY},k1:${KEY}`],
  ['DATABASE_URL', 'mysql://u:secret@h/x'],
  ['TEMPORAL_TLS_CA', '/nowhere/too-secret'],
])('%s that is wrong is one sentence that names it, without the value', (name, value) => {
  const read = () => readConfig({ ...GOOD, [name]: value });
  expect(read).toThrow(OperatorError);
  expect(read).toThrow(new RegExp(`^[^\n]*${name}[^\n]*\\.$`));
  expect(read).not.toThrow(value);
});

test('a range of VOLLEY_EGRESS_ALLOW that is none is one sentence', () => {
  expect(() => readConfig({ ...GOOD, VOLLEY_EGRESS_ALLOW: '10.0.0.0/99' })).toThrow(OperatorError);
});

test.each([
  ['0.0.0.0', 'http://127.0.0.1:3400'],
  ['::', 'http://127.0.0.1:3400'],
  ['::1', 'http://[::1]:3400'],
  ['volley.internal', 'http://volley.internal:3400'],
])('links of an API that listens on %s lead to %s', (HOST, url) => {
  const { publicUrl, links } = readConfig({ ...GOOD, HOST });
  expect([publicUrl, links]).toEqual([url, { base: url, announced: false }]);
});

test('what the processes of npm start would stumble over is said before anything is started', async () => {
  const start = startEmbedded({ VOLLEY_DATA_DIR: folder, VOLLEY_SHARDS: 'abc' }, () => undefined);
  await expect(start).rejects.toBeInstanceOf(OperatorError);
  await expect(start).rejects.toThrow(/^Correct the environment: VOLLEY_SHARDS [^\n]*\.$/);
  expect(existsSync(join(folder, 'run'))).toBe(false);
});

test('how to reach a Temporal of the user’s own goes to no other: no TLS, and no API key', () => {
  const theirs = {
    TEMPORAL_API_KEY: 'key',
    TEMPORAL_TLS: '1',
    TEMPORAL_TLS_CA: '/ca.pem',
    TEMPORAL_NAMESPACE: 'n',
  };
  const embedded = embeddedEnvironment(theirs, { dataDir: folder });
  expect(Object.keys(embedded).filter((name) => name.startsWith('TEMPORAL'))).toEqual(['TEMPORAL_NAMESPACE']);
  const own = embeddedEnvironment(theirs, { dataDir: folder, temporalAddress: 'cloud:7233' });
  expect(own).toMatchObject(theirs);
});

test.each([
  ['a wrong variable', ['api'], { VOLLEY_SHARDS: 'abc' }, /^Correct the environment: VOLLEY_SHARDS .*\.\n$/],
  [
    'a taken port',
    ['api'],
    { PORT: '<taken>' },
    /Port \d+ is taken by another process: set PORT to a free one\.\n$/,
  ],
  [
    'a taken port of metrics',
    ['worker'],
    { VOLLEY_METRICS_PORT: '<taken>' },
    /Port \d+ is taken by another process: set VOLLEY_METRICS_PORT to a free one\.\n$/,
  ],
  [
    'a database that is away',
    ['migrate'],
    {},
    /^The ledger cannot be reached \(ECONNREFUSED\): start Postgres, .*\.\n$/,
  ],
])('%s ends a process with a sentence and no stack', async (_, words, over, sentence) => {
  const env = Object.entries({ ...GOOD, ...over }).map(([name, value]) => [
    name,
    value === '<taken>' ? takenPort : value,
  ]);
  const ran = runVolley(Object.fromEntries(env) as Record<string, string>, ...words);
  expect(await ran.ended).toBe(1);
  expect(ran.text()).toMatch(sentence);
  expect(ran.text()).not.toMatch(/\n +at |secret/);
});
