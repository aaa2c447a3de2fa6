import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stopLeftovers } from '../../../src/runtime/embedded/pid-files';
import { isAlive, readPid, sendSignal, startMarkOf } from '../../../src/runtime/embedded/process-life';
import { type ProcessName, type ProcessSpec } from '../../../src/runtime/embedded/process-spec';
import { StartupError } from '../../../src/runtime/embedded/startup-error';
import { type SupervisionEvent } from '../../../src/runtime/embedded/supervised-process';
import { createSupervisor, type Supervisor } from '../../../src/runtime/embedded/supervisor';
import { eventually } from '../../support/eventually';

/** Ample: a busy machine takes seconds to start a Node. */
const WAIT_MS = 20_000;

let home: string;
let events: SupervisionEvent[];
let supervisor: Supervisor;

const supervise = (readyTimeoutMs: number): Supervisor =>
  createSupervisor({
    runDir: join(home, 'run'),
    logDir: join(home, 'logs'),
    readyTimeoutMs,
    onEvent: (event) => events.push(event),
  });

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'volley-supervisor-'));
  events = [];
  supervisor = supervise(WAIT_MS);
});

afterEach(async () => {
  await supervisor.stop();
  rmSync(home, { recursive: true, force: true });
});

/** A process that runs `script` in Node. It counts as working once it wrote `ready` to its own file. */
function spec(name: ProcessName, script: string, more: Partial<ProcessSpec> = {}): ProcessSpec {
  const ready = join(home, `${name}.ready`);
  const announce = `require('fs').writeFileSync(${JSON.stringify(ready)}, 'x');`;
  return {
    name,
    command: process.execPath,
    args: ['-e', `${script}; ${announce} setInterval(() => {}, 60000)`],
    env: process.env,
    cwd: home,
    runAs: undefined,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 5_000,
    isReady: async () => existsSync(ready),
    ...more,
  };
}

const pidFile = (name: ProcessName) => join(home, 'run', `${name}.pid`);

test('a process that dies is started again, and its pid file names the new one', async () => {
  await supervisor.start(spec('worker', ''));
  const first = readPid(pidFile('worker'));
  expect(supervisor.pids()).toEqual({ worker: first });
  sendSignal(first ?? 0, 'SIGKILL');
  const second = await eventually(
    'a new process',
    async () => {
      const pid = readPid(pidFile('worker'));
      return pid !== first && pid;
    },
    WAIT_MS,
  );
  expect(isAlive(second)).toBe(true);
  expect(events).toContainEqual({ type: 'ended', name: 'worker', how: 'SIGKILL', restartInMs: 200 });
});

test('one that keeps dying is started again ever more slowly', async () => {
  const once = join(home, 'once');
  // Well at its first start, so that it is past its trial; at every later one it falls over.
  const script = `if (require('fs').existsSync('${once}')) process.exit(3); require('fs').writeFileSync('${once}', '')`;
  await supervisor.start(spec('worker', script));
  sendSignal(readPid(pidFile('worker')) ?? 0, 'SIGKILL');
  const pauses = () => events.flatMap((event) => (event.type === 'ended' ? [event.restartInMs] : []));
  await eventually('three restarts', async () => pauses().length >= 3, WAIT_MS);
  expect(pauses().slice(0, 3)).toEqual([200, 400, 800]);
});

test('one that never gets up at its first start is given up with its last words', async () => {
  const start = supervisor.start(spec('api', `console.error('no disk left'); process.exit(4)`));
  await expect(start).rejects.toBeInstanceOf(StartupError);
  await expect(start).rejects.toThrow(
    /api ended with exit code 4 \(its last words: no disk left\): see .*api\.log/,
  );
  expect(supervisor.pids()).toEqual({});
});

test('one that runs but never answers is given up and ended', async () => {
  const impatient = supervise(300);
  const start = impatient.start(spec('api', '', { isReady: async () => false }));
  await expect(start).rejects.toThrow(/api did not answer in 0.3 s/);
  await impatient.stop();
  const pid = events.find((event) => event.type === 'started')?.pid ?? 0;
  expect(isAlive(pid)).toBe(false);
});

test('a program that does not exist is one sentence', async () => {
  const start = supervisor.start(spec('temporal', '', { command: '/nowhere/temporal' }));
  await expect(start).rejects.toThrow(/temporal could not be started \(.*ENOENT.*\): see/);
});

test('stop ends all, the last started first, and starts nothing again', async () => {
  const log = join(home, 'order');
  writeFileSync(log, '');
  const noting = (name: ProcessName) =>
    spec(
      name,
      `process.on('SIGTERM', () => { require('fs').appendFileSync('${log}', '${name} '); process.exit(0) })`,
    );
  await supervisor.start(noting('postgres'));
  await supervisor.start(noting('api'));
  const pids = Object.values(supervisor.pids());
  await supervisor.stop();
  expect(readFileSync(log, 'utf8')).toBe('api postgres ');
  expect(pids.map(isAlive)).toEqual([false, false]);
  expect(existsSync(pidFile('api'))).toBe(false);
  expect(events.filter((event) => event.type === 'ended')).toEqual([]);
  await expect(supervisor.start(noting('worker'))).rejects.toThrow(/asked to stop/);
});

test('one that ignores its stop signal is killed after its time', async () => {
  await supervisor.start(spec('worker', `process.on('SIGTERM', () => {})`, { stopTimeoutMs: 200 }));
  const pid = readPid(pidFile('worker')) ?? 0;
  await supervisor.stop();
  expect(isAlive(pid)).toBe(false);
});

test('nothing outlives a supervisor that is killed, neither our own processes nor others', async () => {
  const fixture = join(__dirname, 'fixtures', 'supervising-parent.ts');
  const parent = spawn(process.execPath, ['--import', 'tsx', fixture, home], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
  const pids = Object.values(JSON.parse(line) as Record<string, number>);
  expect(pids.map(isAlive)).toEqual([true, true]);
  parent.kill('SIGKILL');
  await eventually('both gone', async () => !pids.some(isAlive), WAIT_MS);
});

test('a left-over is stopped by its pid file; a stranger with the same pid is not', async () => {
  const sleeper = () => spawn('sleep', ['600'], { stdio: 'ignore', detached: true });
  const leftover = sleeper();
  const stranger = sleeper();
  try {
    const runDir = join(home, 'run');
    await supervisor.start(spec('postgres', '')); // Makes the folder.
    writeFileSync(pidFile('api'), `${leftover.pid}\n`);
    writeFileSync(join(runDir, 'api.started'), `${startMarkOf(leftover.pid ?? 0)}\n`);
    writeFileSync(pidFile('worker'), `${stranger.pid}\n`);
    writeFileSync(join(runDir, 'worker.started'), 'an earlier start\n');
    rmSync(pidFile('postgres'));
    await stopLeftovers(runDir);
    expect(isAlive(leftover.pid ?? 0)).toBe(false);
    expect(isAlive(stranger.pid ?? 0)).toBe(true);
    expect(existsSync(pidFile('worker'))).toBe(false);
  } finally {
    leftover.kill('SIGKILL');
    stranger.kill('SIGKILL');
  }
});

test('a log that has grown large is set aside at the next start', async () => {
  const log = join(home, 'logs', 'worker.log');
  await supervisor.start(spec('worker', `console.log('first')`));
  appendFileSync(log, 'x'.repeat(10_000_000));
  const first = readPid(pidFile('worker'));
  sendSignal(first ?? 0, 'SIGKILL');
  await eventually(
    'a new log',
    async () => existsSync(`${log}.1`) && readFileSync(log, 'utf8') === 'first\n',
    WAIT_MS,
  );
});
