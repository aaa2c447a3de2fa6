import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { awaitReady, hasEnded, launch } from './launch';
import { type ProcessSpec } from './process-spec';
import { sendSignal } from './process-life';
import { StartupError } from './startup-error';

const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 5_000;
/** A process that lived this long was well: its next end is a new trouble, not the same one. */
const STEADY_MS = 30_000;
/** A first start may lose a race (a port, a lock about to be freed); one that fails this often will not get better. */
const FIRST_START_TRIES = 3;
const MAX_QUOTED_CHARACTERS = 300;

export type SupervisionEvent =
  | { type: 'started'; name: string; pid: number }
  | { type: 'ended'; name: string; how: string; restartInMs: number };

export type SupervisionOptions = {
  logFile: string;
  readyTimeoutMs: number;
  onEvent: (event: SupervisionEvent) => void;
  /** Called whenever there is a new process, and with undefined when there is none any more. */
  onPid: (pid: number | undefined) => void;
};

export type SupervisedProcess = {
  /** Resolves once it works. @throws StartupError where it never does; nothing is left running then. */
  start(): Promise<void>;
  /** Ends it for good: its stop signal, the time it is owed, then SIGKILL. Safe to call twice. */
  stop(): Promise<void>;
};

/** Keeps one process running from its start to its stop, whatever ends it in between. */
export function superviseProcess(spec: ProcessSpec, options: SupervisionOptions): SupervisedProcess {
  let child: ChildProcess | undefined;
  let startedAt = 0;
  let backoffMs = FIRST_BACKOFF_MS;
  let restart: NodeJS.Timeout | undefined;
  let stopping = false;
  let proven = false;

  const launchOnce = async (): Promise<ChildProcess> => {
    const launched = await launch(spec, options.logFile);
    child = launched;
    startedAt = Date.now();
    launched.once('exit', () => onExit(launched));
    options.onPid(launched.pid);
    options.onEvent({ type: 'started', name: spec.name, pid: launched.pid ?? 0 });
    if (stopping) await end(launched); // Stop came while the launch was under way.
    return launched;
  };

  const onExit = (ended: ChildProcess): void => {
    options.onPid(undefined);
    if (proven && !stopping) restartLater(howItEnded(ended));
  };

  const restartLater = (how: string): void => {
    if (Date.now() - startedAt > STEADY_MS) backoffMs = FIRST_BACKOFF_MS;
    options.onEvent({ type: 'ended', name: spec.name, how, restartInMs: backoffMs });
    restart = setTimeout(() => {
      launchOnce().catch((error: unknown) => {
        if (!stopping) restartLater(String(error));
      });
    }, backoffMs);
    backoffMs = Math.min(backoffMs * 2, LONGEST_BACKOFF_MS);
  };

  const end = async (running: ChildProcess): Promise<void> => {
    if (hasEnded(running)) return;
    const gone = once(running, 'exit');
    running.kill(spec.stopSignal);
    const killer = setTimeout(() => {
      // The group: what the process itself started goes with it.
      if (running.pid !== undefined && !sendSignal(-running.pid, 'SIGKILL')) running.kill('SIGKILL');
    }, spec.stopTimeoutMs);
    await gone;
    clearTimeout(killer);
  };

  const start = async (): Promise<void> => {
    let fault = '';
    for (let tries = 0; tries < FIRST_START_TRIES && !stopping; tries++) {
      if (tries > 0) await new Promise((resolve) => setTimeout(resolve, FIRST_BACKOFF_MS));
      const launched = await launchOnce().catch((cause: unknown) => {
        throw new StartupError(
          `${spec.name} could not be started (${String(cause)}): see ${options.logFile}.`,
          {
            cause,
          },
        );
      });
      const outcome = await awaitReady(spec, launched, options.readyTimeoutMs);
      if (outcome === 'ready') {
        proven = true;
        if (hasEnded(launched) && !stopping) restartLater(howItEnded(launched)); // In the blink before it was proven.
        return;
      }
      fault =
        outcome === 'gone'
          ? `ended with ${howItEnded(launched)}`
          : `did not answer in ${options.readyTimeoutMs / 1000} s`;
      await end(launched);
      if (outcome === 'late') break;
    }
    throw new StartupError(
      stopping
        ? `${spec.name} was stopped while it started.`
        : `${spec.name} ${fault}${lastLine(options.logFile)}: see ${options.logFile}.`,
    );
  };

  const stop = async (): Promise<void> => {
    stopping = true;
    clearTimeout(restart);
    if (child) await end(child);
  };

  return { start, stop };
}

function howItEnded(child: ChildProcess): string {
  return child.signalCode ?? `exit code ${child.exitCode}`;
}

function lastLine(logFile: string): string {
  const line = readFileSync(logFile, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  return line === '' ? '' : ` (its last words: ${line.slice(0, MAX_QUOTED_CHARACTERS)})`;
}
