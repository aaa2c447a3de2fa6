import { join } from 'node:path';
import { writePid } from './pid-files';
import { type ProcessName, type ProcessSpec } from './process-spec';
import { StartupError } from './startup-error';
import { superviseProcess, type SupervisedProcess, type SupervisionEvent } from './supervised-process';
import { startWatchdog } from './watchdog';

export type SupervisorOptions = {
  /** Gets `<name>.pid`, rewritten at each restart. */
  runDir: string;
  /** Gets `<name>.log`. */
  logDir: string;
  /** How long a process may take to work at its first start. */
  readyTimeoutMs: number;
  onEvent: (event: SupervisionEvent) => void;
};

export type Supervisor = {
  /** Starts a process and keeps it running. @throws StartupError where it never works. */
  start(spec: ProcessSpec): Promise<void>;
  /** Those running now. */
  pids(): Partial<Record<ProcessName, number>>;
  /** Ends all, the last started first. Safe to call twice: the second call waits for the first. */
  stop(): Promise<void>;
};

/**
 * Runs the processes of a stack. None outlives it: our own notice that their channel closed, the others are ended by a
 * watchdog, and what escapes both (a machine under great load) is stopped by the next start through its pid file.
 */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const started: SupervisedProcess[] = [];
  const running = new Map<ProcessName, { pid: number; spec: ProcessSpec }>();
  const watchdog = startWatchdog();
  let stopped: Promise<void> | undefined;

  const notePid = (spec: ProcessSpec, pid: number | undefined): void => {
    if (pid === undefined) running.delete(spec.name);
    else running.set(spec.name, { pid, spec });
    writePid(options.runDir, spec.name, pid);
    watchdog.watch(
      [...running.values()]
        .filter((entry) => !entry.spec.channel)
        .map((entry) => ({ pid: entry.pid, stopSignal: entry.spec.stopSignal })),
    );
  };

  const start = async (spec: ProcessSpec): Promise<void> => {
    if (stopped) throw new StartupError(`${spec.name} was not started: Volley was asked to stop meanwhile.`);
    const supervised = superviseProcess(spec, {
      logFile: join(options.logDir, `${spec.name}.log`),
      readyTimeoutMs: options.readyTimeoutMs,
      onEvent: options.onEvent,
      onPid: (pid) => notePid(spec, pid),
    });
    started.push(supervised);
    await supervised.start();
  };

  const stopAll = async (): Promise<void> => {
    for (const supervised of started.toReversed()) await supervised.stop();
    watchdog.dismiss();
  };

  return {
    start,
    pids: () => Object.fromEntries([...running].map(([name, { pid }]) => [name, pid])),
    stop: () => (stopped ??= stopAll()),
  };
}
