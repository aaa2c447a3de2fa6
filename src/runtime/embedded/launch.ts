import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessSpec } from './process-spec';

/** A database answers within a second and wants to be asked often, a whole stack takes longer and costs more to ask. */
const FIRST_PROBE_MS = 40;
const SLOWEST_PROBE_MS = 250;
/** A log is set aside at the next start once it is this large, and one older one is kept. */
const MAX_LOG_BYTES = 10_000_000;

/** Tells our own processes that a supervisor holds the other end of their channel. */
export const SUPERVISED_VARIABLE = 'VOLLEY_SUPERVISED';

/**
 * Starts a process in a group of its own, with its output appended to `logFile`. Its own group, so that Ctrl-C on the
 * terminal reaches the supervisor alone, which then ends the processes in order.
 * @throws Error where the program cannot be started at all.
 */
export async function launch(spec: ProcessSpec, logFile: string): Promise<ChildProcess> {
  await spec.beforeLaunch?.();
  rotate(logFile);
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const log = openSync(logFile, 'a', 0o600);
  try {
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.channel ? { ...spec.env, [SUPERVISED_VARIABLE]: '1' } : spec.env,
      stdio: spec.channel ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
      detached: true,
      ...spec.runAs,
    });
    await once(child, 'spawn');
    return child;
  } finally {
    closeSync(log);
  }
}

/** Asks until the process works: `ready`, `gone` where it ended first, `late` after `timeoutMs`. */
export async function awaitReady(
  spec: ProcessSpec,
  child: ChildProcess,
  timeoutMs: number,
): Promise<'ready' | 'gone' | 'late'> {
  const deadline = Date.now() + timeoutMs;
  for (let pauseMs = FIRST_PROBE_MS; Date.now() < deadline;) {
    if (hasEnded(child)) return 'gone';
    if (await spec.isReady().catch(() => false)) return hasEnded(child) ? 'gone' : 'ready';
    await sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 1.2, SLOWEST_PROBE_MS);
  }
  return 'late';
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** At a start only: the process before it has closed the file, and the one after it opens a new one. */
function rotate(logFile: string): void {
  if (!existsSync(logFile) || statSync(logFile).size < MAX_LOG_BYTES) return;
  rmSync(`${logFile}.1`, { force: true });
  renameSync(logFile, `${logFile}.1`);
}
