import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 25;
/** What a process gets after SIGKILL to vanish: it only waits for the kernel. */
const AFTER_KILL_MS = 2_000;

/** The pid in a file, or undefined where there is no such file or no number in its first line. */
export function readPid(file: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a process runs. A zombie does not: under a container's pid 1 that reaps nothing it would stay forever. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return procStat(pid)?.state !== 'Z';
}

/** The command line of a process, its arguments joined by spaces; empty where it cannot be read. */
export function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return ps(pid, 'command=');
  }
}

/**
 * A text that a later process with the same pid does not share: pids come again soon in a container, where the same
 * few are handed out at each start.
 */
export function startMarkOf(pid: number): string {
  const stat = procStat(pid);
  if (!stat) return ps(pid, 'lstart=');
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${stat.startedAtTicks}`;
}

/** Sends `signal`, waits up to `timeoutMs`, then sends SIGKILL. Resolves once the process is gone. */
export async function stopProcess(pid: number, signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
  if (!sendSignal(pid, signal)) return;
  if (await waitForExit(pid, timeoutMs)) return;
  sendSignal(pid, 'SIGKILL');
  await waitForExit(pid, AFTER_KILL_MS);
}

/** Sends a signal; false where there is no such process any more. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

async function waitForExit(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function procStat(pid: number): { state: string; startedAtTicks: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in brackets and may hold spaces and brackets itself: count from the last one.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startedAtTicks: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

function ps(pid: number, column: string): string {
  return (spawnSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '').trim();
}
