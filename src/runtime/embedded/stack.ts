import { getHeapStatistics } from 'node:v8';
import { join } from 'node:path';
import { lockDataDirectory, openDataDirectory } from './data-directory';
import { exitWithParent } from './exit-with-parent';
import { SUPERVISED_VARIABLE } from './launch';
import { stopLeftovers } from './pid-files';
import { LOOPBACK } from './ports';
import { type ProcessName, type ProcessSpec } from './process-spec';
import { type StackConfig } from './stack-config';
import { claimPorts, startPostgres, startTemporal } from './stack-services';
import { stopOnSignals } from './stop-on-signals';
import { type SupervisionEvent } from './supervised-process';
import { createSupervisor, type Supervisor } from './supervisor';

/** From a cold disk on a busy laptop; a warm start takes two or three seconds. */
const READY_TIMEOUT_MS = 60_000;
const PROBE_TIMEOUT_MS = 2_000;
/** Each has to outlast its own drain, which ends by itself: an attempt under way for the worker, answers for the API. */
const STOP_TIMEOUT_MS = { api: 15_000, worker: 40_000 };

/** All of them one after the other, the database's 15 s included. */
const LONGEST_STOP_MS = 90_000;

type OwnProcess = 'api' | 'worker';

export type StackOptions = StackConfig & {
  /** How to run our own processes; `env` goes on top of what the stack gives them. */
  commandFor(name: OwnProcess): { command: string; args: string[]; env?: NodeJS.ProcessEnv };
  /** False brings up Postgres and Temporal and migrates, for tests that run API and worker in their own process. */
  startProcesses: boolean;
  /** Called once the database answers and Temporal runs, with the environment that the processes will get. */
  migrate(env: NodeJS.ProcessEnv): Promise<void>;
  /** What the processes inherit; the process' own environment unless given. */
  baseEnv?: NodeJS.ProcessEnv;
  /** A line for people on what goes on: a download, a process that was started again. */
  report?: (line: string) => void;
  /** Whether SIGINT, SIGTERM and SIGHUP stop the stack and end this process with 0. True unless given. */
  handleSignals?: boolean;
};

export type Stack = {
  urls: { api: string; temporal: string; temporalUi?: string };
  /** Those running now: they change when one is started again. */
  pids(): Partial<Record<ProcessName, number>>;
  /** The environment that reaches this stack: DATABASE_URL, TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, PORT, … */
  env: NodeJS.ProcessEnv;
  /** Drains and stops everything and frees the data directory. Safe to call twice. */
  stop: () => Promise<void>;
};

/**
 * Brings up all of Volley on this machine: what an earlier run left behind is stopped, then Postgres, Temporal,
 * migrations, worker and API are started, and it resolves once `/readyz` says 200.
 * @throws StartupError, one sentence that says what to do; nothing is left running then.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const report = options.report ?? (() => undefined);
  openDataDirectory(options.dataDir);
  const lock = lockDataDirectory(options.dataDir);
  const runDir = join(options.dataDir, 'run');
  const supervisor = createSupervisor({
    runDir,
    logDir: join(options.dataDir, 'logs'),
    readyTimeoutMs: READY_TIMEOUT_MS,
    onEvent: (event) => reportEvent(event, report),
  });
  const stop = async () => {
    await supervisor.stop();
    lock.release();
  };
  if (options.handleSignals ?? true) {
    stopOnSignals(stop);
    exitWithParent(LONGEST_STOP_MS);
  }
  try {
    await stopLeftovers(runDir);
    const ports = await claimPorts(options);
    const [databaseUrl, temporal] = await settleBoth(
      startPostgres(options, ports, supervisor),
      startTemporal(options, ports, supervisor, report),
    );
    const env = environmentOf(options, databaseUrl, temporal, ports.api);
    await options.migrate(env);
    const api = `http://${LOOPBACK}:${ports.api}`;
    if (options.startProcesses) await startOwn(options, supervisor, env, api);
    return {
      urls: {
        api,
        temporal: temporal.address,
        ...(temporal.ui === undefined ? {} : { temporalUi: temporal.ui }),
      },
      pids: () => supervisor.pids(),
      env,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Both start at once; the second to fail is waited for, so that a stop afterwards finds everything that was started. */
async function settleBoth<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}

/**
 * The young generation of each heap, in MB, is what Node 20 has by itself: Node 24 takes twice as much, in each of a worker's threads, which
 * makes it 250 MB larger and no faster (docs/decisions/0036).
 */
export const YOUNG_HEAP = '--max-semi-space-size=16';
/** A heap that may be larger grows in larger steps: with this limit a worker in pages has a quarter less, at the same rate. */
const OLD_HEAP_MB = 1_536;

/**
 * NODE_OPTIONS of our own processes, on a machine where Node would let a heap grow to `limitMb`. Ours come first, so that `given` wins; a limit
 * that is lower already stays.
 */
export function ownNodeOptions(
  given?: string,
  limitMb = getHeapStatistics().heap_size_limit / 2 ** 20,
): string {
  const old = limitMb > OLD_HEAP_MB ? `--max-old-space-size=${OLD_HEAP_MB}` : undefined;
  return [YOUNG_HEAP, old, given].filter(Boolean).join(' ');
}

async function startOwn(
  options: StackOptions,
  supervisor: Supervisor,
  env: NodeJS.ProcessEnv,
  api: string,
): Promise<void> {
  const isReady = async () => {
    const answer = await fetch(`${api}/readyz`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await answer.body?.cancel();
    return answer.status === 200;
  };
  const specOf = (name: OwnProcess): ProcessSpec => {
    const { command, args, env: own } = options.commandFor(name);
    const given = { ...env, ...own };
    return {
      name,
      command,
      args,
      env: { ...given, NODE_OPTIONS: ownNodeOptions(given['NODE_OPTIONS']) },
      cwd: process.cwd(),
      runAs: undefined,
      stopSignal: 'SIGTERM',
      stopTimeoutMs: STOP_TIMEOUT_MS[name],
      isReady,
      channel: true,
    };
  };
  // Ready is said by the API of both, so they start together; stopped in reverse, the API goes before the worker.
  await settleBoth(supervisor.start(specOf('worker')), supervisor.start(specOf('api')));
}

/** Without the mark of being supervised: whether a process is, its own launch says. */
function environmentOf(
  options: StackOptions,
  databaseUrl: string,
  temporal: { address: string; ui?: string | undefined },
  apiPort: number,
): NodeJS.ProcessEnv {
  const { [SUPERVISED_VARIABLE]: _mark, ...base } = options.baseEnv ?? process.env;
  return {
    ...base,
    PORT: String(apiPort),
    HOST: LOOPBACK,
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporal.address,
    // The codec endpoint answers this origin alone.
    ...(temporal.ui === undefined ? {} : { VOLLEY_TEMPORAL_UI_URL: temporal.ui }),
    TEMPORAL_NAMESPACE: options.namespace,
    VOLLEY_DATA_DIR: options.dataDir,
  };
}

function reportEvent(event: SupervisionEvent, report: (line: string) => void): void {
  if (event.type === 'ended') {
    report(`${event.name} ended (${event.how}); starting it again in ${event.restartInMs} ms.`);
  }
}
