// Runs the README's examples as they stand there, against an `npm start` of their own on free ports, and checks what they
// print. Ends with nothing left running.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** In the project, so that the SDK is found. */
const scratch = join(root, 'test-results', 'readme');
/** What the README's commands say, and what is put there instead. */
const ADDRESS = 'http://127.0.0.1:3400';
const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 90_000;
const EXAMPLE_TIMEOUT_MS = 60_000;

/** One example: how its block is run, and what must be true of its output. */
const EXAMPLES = {
  bulk: {
    command: (file) => ['bash', '-euo', 'pipefail', file],
    check(output) {
      assert.match(output, /"total":2/, 'both users are taken');
      assert.match(output, /"enqueued":2,"failures":0,"received":2,"status":"COMPLETED"/);
      assert.equal(output.match(/"messageId":"1-[0-9a-f]{8}-[0-9a-f]{24}"/g)?.length, 2, 'two message ids');
    },
  },
  batch: {
    command: (file) => ['bash', '-euo', 'pipefail', file],
    check(output) {
      const { results } = JSON.parse(output);
      assert.deepEqual(results.map(({ status }) => status).sort(), ['delivered', 'rejected', 'sent']);
      assert.equal(results.find(({ status }) => status === 'rejected').failure.code, 11002);
    },
  },
  life: {
    command: (file) => ['bash', '-euo', 'pipefail', file],
    check: checkLife,
  },
  sdk: {
    command: (file) => [process.execPath, file],
    check: (output) => assert.equal(output.trim(), 'COMPLETED ENQUEUED SENT'),
  },
};

await main();

async function main() {
  const dataDir = mkdtempSync(join(tmpdir(), 'volley-readme-'));
  mkdirSync(scratch, { recursive: true });
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  try {
    const volley = await start(dataDir);
    try {
      for (const [name, example] of Object.entries(EXAMPLES)) {
        run(name, example, blockOf(readme, name), volley.url);
      }
    } finally {
      await stop(volley.child, dataDir);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** The fenced block after `<!-- ci: name -->`. */
function blockOf(readme, name) {
  const found = new RegExp(`<!-- ci: ${name} -->\\s*\`\`\`(\\w+)\\n([^]*?)\`\`\``).exec(readme);
  assert.ok(found, `the README has a block marked "ci: ${name}"`);
  return { language: found[1], text: found[2] };
}

/** Three timelines of Courier's, each with the message as Bird tells it; the click as Bird tells it; then the webhooks. */
function checkLife(output) {
  const lines = output.trim().split('\n');
  const told = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  assert.equal(told.length, 7, 'three timelines, three messages, the interactions');
  const [clicked, clickedAtBird, bounced, bouncedAtBird, delayed, delayedAtBird, interactions] = told;
  const typesOf = ({ results }) => results.map(({ type }) => type);
  assert.deepEqual(typesOf(clicked), ['ENQUEUED', 'ROUTED', 'SENT', 'DELIVERED', 'CLICKED']);
  assert.equal(clickedAtBird.status, 'delivered');
  assert.deepEqual(typesOf(interactions), ['clicked']);
  assert.deepEqual(typesOf(bounced), ['ENQUEUED', 'ROUTED', 'SENT', 'UNDELIVERABLE']);
  assert.equal(bounced.results.at(-1).reason, 'BOUNCED');
  assert.deepEqual([bouncedAtBird.status, bouncedAtBird.reason], ['delivery_failed', 'bounced']);
  assert.deepEqual(typesOf(delayed), ['ENQUEUED', 'DELAYED']);
  assert.equal(delayed.results.at(-1).wait_reason, 'quiet_hours');
  assert.deepEqual([delayedAtBird.status, delayedAtBird.reason], ['scheduled', 'quiet_hours']);
  const wanted = [
    [clickedAtBird, ['accepted', 'sending', 'sent', 'delivered', 'clicked']],
    [bouncedAtBird, ['accepted', 'sending', 'sent', 'undelivered']],
    [delayedAtBird, ['accepted', 'scheduled', 'canceled']],
  ];
  for (const [{ id }, events] of wanted) {
    const heard = lines.filter((line) => line.includes(`message ${id}`));
    const types = heard.map((line) => /^[0-9T:.-]+Z +message\.(\w+) /.exec(line)?.[1]);
    assert.deepEqual(types, events, `verified webhooks of ${id}`);
  }
  assert.doesNotMatch(output, /refused: /, 'no webhook fails its verification');
}

function run(name, example, { language, text }, url) {
  const file = join(scratch, `${name}.${language === 'js' ? 'mjs' : language}`);
  assert.ok(text.includes(ADDRESS), `${name} names ${ADDRESS}`);
  writeFileSync(file, text.replaceAll(ADDRESS, url));
  const [command, ...args] = example.command(file);
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    timeout: EXAMPLE_TIMEOUT_MS,
  });
  process.stdout.write(`--- ${name}\n${stdout}${stderr}\n`);
  assert.equal(status, 0, `${name} ends with 0`);
  example.check(stdout);
}

/** `npm start`, as the README says, with its own data and ports. */
async function start(dataDir) {
  const ports = ['PORT', 'VOLLEY_POSTGRES_PORT', 'VOLLEY_TEMPORAL_PORT', 'VOLLEY_TEMPORAL_UI_PORT'];
  const env = { ...process.env, VOLLEY_DATA_DIR: dataDir };
  for (const name of ports) env[name] = '0';
  // Servers of whoever runs this are not for an example to write into.
  for (const name of ['DATABASE_URL', 'TEMPORAL_ADDRESS']) delete env[name];
  const child = spawn('npm', ['start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said += text;
    process.stdout.write(text);
  });
  for (const until = Date.now() + START_TIMEOUT_MS; Date.now() < until; await sleep(100)) {
    const url = /API +(http:\/\/127\.0\.0\.1:\d+)[^]*Try:/.exec(said)?.[1];
    if (url) return { child, url };
    if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}`);
  }
  await stop(child, dataDir);
  throw new Error('npm start did not come up in time');
}

/** Asks it to end, and sees to it that each of its processes has. */
async function stop(child, dataDir) {
  const pids = pidsIn(join(dataDir, 'run'));
  child.kill('SIGTERM');
  for (const until = Date.now() + STOP_TIMEOUT_MS; Date.now() < until; await sleep(100)) {
    if (![child.pid, ...pids].some(isAlive)) return;
  }
  const left = pids.filter(isAlive);
  for (const pid of left) process.kill(pid, 'SIGKILL');
  throw new Error(`npm start left ${left.length} processes running`);
}

function pidsIn(folder) {
  // Not there yet where the start failed before anything ran.
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => name.endsWith('.pid'));
  return files
    .map(({ name }) => Number(readFileSync(join(folder, name), 'utf8').trim()))
    .filter((pid) => pid > 0);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
