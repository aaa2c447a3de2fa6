import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU in hundredths of a second on every platform that Node runs on (USER_HZ). */
const TICKS_PER_SECOND = 100;

interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** Its own, and of children that ended and were waited for. */
  readonly cpuSeconds: number;
}

/** CPU seconds that the processes at `roots`, and all below them, have used up to now, ended children included. */
export function cpuSecondsOf(roots: readonly number[]): number {
  return treeOf(roots).reduce((sum, each) => sum + each.cpuSeconds, 0);
}

/**
 * Memory of the processes at `roots` and below, in bytes. Pages of shared memory count once: every backend of a Postgres maps the
 * same buffers.
 */
export function residentBytesOf(roots: readonly number[]): number {
  let own = 0;
  let shared = 0;
  for (const { pid } of treeOf(roots)) {
    const status = readProc(pid, 'status') ?? '';
    const kib = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
    own += kib('RssAnon') + kib('RssFile');
    shared = Math.max(shared, kib('RssShmem'));
  }
  return (own + shared) * 1024;
}

/** Bytes that the processes at `roots` and below had written to storage; those that ended are not counted. */
export function writtenBytesOf(roots: readonly number[]): number {
  return treeOf(roots).reduce((sum, { pid }) => {
    const io = readProc(pid, 'io') ?? '';
    return sum + Number(/^write_bytes: (\d+)/m.exec(io)?.[1] ?? 0);
  }, 0);
}

function treeOf(roots: readonly number[]): ProcessFacts[] {
  const byParent = new Map<number, ProcessFacts[]>();
  const byPid = new Map<number, ProcessFacts>();
  for (const name of readdirSync('/proc')) {
    const facts = /^\d+$/.test(name) ? factsOf(Number(name)) : undefined;
    if (facts === undefined) continue;
    byPid.set(facts.pid, facts);
    byParent.set(facts.parent, [...(byParent.get(facts.parent) ?? []), facts]);
  }
  const found = new Map<number, ProcessFacts>();
  const visit = (facts: ProcessFacts | undefined): void => {
    if (facts === undefined || found.has(facts.pid)) return;
    found.set(facts.pid, facts);
    byParent.get(facts.pid)?.forEach(visit);
  };
  roots.forEach((pid) => visit(byPid.get(pid)));
  return [...found.values()];
}

function factsOf(pid: number): ProcessFacts | undefined {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  // The name, in brackets, may hold spaces and brackets: everything is counted from its end. Fields as in proc(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
  return { pid, parent: Number(fields[1]), cpuSeconds: ticks / TICKS_PER_SECOND };
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined; // It ended between the listing and now.
  }
}
