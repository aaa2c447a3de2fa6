import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SEEDED_WORKSPACE_ID } from '../../src/service/seed-workspace';
import { eventually } from '../support/eventually';

const ROOT = join(__dirname, '../..');
/** A cold start of the whole stack, on a machine that does other things as well. */
const STACK_MS = 90_000;

let folder: string;
let stack: Volley | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'volley-cli-e2e-'));
  // For Postgres' user to pass through, where the tests run as root: the database then lies in here, and goes with it.
  chmodSync(folder, 0o755);
});
afterAll(async () => {
  stack?.child.kill('SIGINT');
  await stack?.ended;
  rmSync(folder, { recursive: true, force: true });
}, STACK_MS);

interface Volley {
  readonly child: ChildProcess;
  /** Standard output and error so far. */
  text(): string;
  readonly ended: Promise<number | null>;
}

/** The real program in a process of its own, with no server of anybody's in its environment. */
function volley(env: Record<string, string>, ...words: string[]): Volley {
  const { DATABASE_URL: _db, TEMPORAL_ADDRESS: _temporal, VOLLEY_DATA_DIR: _dir, ...rest } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'src/cli.ts'), ...words], {
    cwd: ROOT,
    env: { ...rest, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { child, text: () => text, ended: once(child, 'close').then(([code]) => code as number | null) };
}

test('the demo accounts for everybody, exits with 0 without a terminal, and leaves nothing behind', async () => {
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  const demo = volley(
    { TMPDIR: temporary, TEMPORAL_CLI_PATH: process.env['TEMPORAL_CLI_PATH'] ?? '' },
    'demo',
  );
  const code = await demo.ended;
  const text = demo.text();
  expect({ code, text }).toMatchObject({ code: 0 });
  expect(text).toContain('"Duplicate user"');
  expect(text).toMatch(/received +300 += 298 enqueued \+ 2 failures/);
  expect(text).toMatch(/e-mails in the inbox +298 +to 298 people/);
  expect(text).toContain('Subject: Die Frühlingsröstung');
  expect(text).toMatch(/scheduled[^]*sent +sent +sent/);
  expect(text.match(/ok: \d+ checks hold\n/g)).toHaveLength(2);
  expect(text).toMatch(/http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/bulk%2F1-/);
  // eslint-disable-next-line no-control-regex
  expect(text).not.toMatch(/\u001b/);
  expect(readdirSync(temporary).filter((name) => name.startsWith('volley-demo'))).toEqual([]);
  const api = /http:\/\/127\.0\.0\.1:\d+(?=\/openapi)/.exec(text)?.[0] ?? '';
  await expect(fetch(`${api}/healthz`)).rejects.toThrow();
}, 240_000);

test('commands find the stack of a data directory by themselves, and say when there is none', async () => {
  const here = { VOLLEY_DATA_DIR: join(folder, 'data') };
  const ports = {
    PORT: '0',
    VOLLEY_POSTGRES_PORT: '0',
    VOLLEY_TEMPORAL_PORT: '0',
    VOLLEY_TEMPORAL_UI_PORT: '0',
  };
  const started = volley({ ...here, ...ports }, 'start');
  stack = started;
  // The words come in pieces: that it is up may be read before where it is.
  const api = await eventually(
    'the stack is up',
    async () => /http:\/\/127\.0\.0\.1:\d+(?=\/bulk)/.exec(started.text())?.[0],
    STACK_MS,
  );
  const say = async (...words: string[]) => {
    const command = volley(here, ...words);
    return { code: await command.ended, text: command.text() };
  };

  const made = await say('keys', 'create', '--workspace', SEEDED_WORKSPACE_ID, '--name', 'test');
  const key = /^vly_\S+$/m.exec(made.text)?.[0];
  const post = async (path: string, body?: unknown) => {
    const answer = await fetch(api + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const created = await post('/bulk', { message: { content: { title: 'Hi', body: 'Hello' } } });
  expect(created.status).toBe(201);
  const { jobId } = JSON.parse(created.text) as { jobId: string };
  await post(`/bulk/${jobId}`, { users: [{ recipient: 'ada' }, { recipient: 'bo' }] });
  expect((await say('job', 'pause', jobId)).code).toBe(0);
  await post(`/bulk/${jobId}/run`);
  expect((await say('job', 'status', jobId)).text).toMatch(/PROCESSING.*paused/);
  // Only the relay tells the workflow of this one.
  expect((await say('job', 'resume', jobId)).code).toBe(0);
  await eventually('the job is through', async () =>
    (await say('job', 'status', jobId)).text.includes('COMPLETED'),
  );
  const audit = await say('audit', jobId, '--key', key ?? '');
  expect(audit).toMatchObject({ code: 0, text: expect.stringMatching(/api +2 items/) });

  started.child.kill('SIGINT');
  expect(await started.ended).toBe(0);
  expect(await say('job', 'status', jobId)).toMatchObject({
    code: 1,
    text: expect.stringMatching(/^No Volley runs on .*\.\n$/),
  });
}, 240_000);
