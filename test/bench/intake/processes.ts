import { readFileSync, readdirSync } from 'node:fs';

/** USER_HZ of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const KB_PER_MB = 1024;
/** Places in /proc/<pid>/stat after the command's closing bracket, which is field 2. */
const PARENT = 1;
const TIMES = [11, 12, 13, 14] as const; // utime, stime, and those of children that were waited for

/** CPU seconds that a process, its children and those it has waited for have used. Linux only. */
export function cpuSeconds(pid: number): number {
  let ticks = 0;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const fields = statOf(entry);
    if (Number(entry) !== pid && Number(fields[PARENT]) !== pid) continue;
    for (const place of TIMES) ticks += Number(fields[place] ?? 0);
  }
  return ticks / TICKS_PER_SECOND;
}

/** Resident memory in MB. Linux only. */
export function residentMb(pid: number): number {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kb) / KB_PER_MB;
}

function statOf(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return []; // ended since it was listed
  }
}
