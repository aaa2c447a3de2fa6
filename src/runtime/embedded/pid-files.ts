import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, readPid, startMarkOf, stopProcess } from './process-life';
import { type ProcessName } from './process-spec';

const NAMES: ProcessName[] = ['api', 'worker', 'temporal', 'postgres'];
/** Left-overs lost their supervisor, so most are about to end; the slowest is a database writing its checkpoint. */
const STOP_TIMEOUT_MS = 15_000;

/**
 * `<run>/<name>.pid` holds the pid alone, for people and scripts; `<name>.started` beside it tells the process from a
 * later one with the same pid.
 */
export function writePid(runDir: string, name: ProcessName, pid: number | undefined): void {
  if (pid === undefined) {
    rmSync(join(runDir, `${name}.pid`), { force: true });
    rmSync(join(runDir, `${name}.started`), { force: true });
    return;
  }
  mkdirSync(runDir, { recursive: true });
  writeFileSync(join(runDir, `${name}.started`), `${startMarkOf(pid)}\n`);
  writeFileSync(join(runDir, `${name}.pid`), `${pid}\n`);
}

/** Stops what an earlier stack of this data directory left running, the users before what they use. */
export async function stopLeftovers(runDir: string): Promise<void> {
  for (const name of NAMES) {
    const pid = readPid(join(runDir, `${name}.pid`));
    if (pid !== undefined && isAlive(pid) && startMarkOf(pid) === writtenMark(runDir, name)) {
      await stopProcess(pid, name === 'postgres' ? 'SIGINT' : 'SIGTERM', STOP_TIMEOUT_MS);
    }
    writePid(runDir, name, undefined);
  }
}

function writtenMark(runDir: string, name: ProcessName): string | undefined {
  try {
    return readFileSync(join(runDir, `${name}.started`), 'utf8').trim();
  } catch {
    return undefined;
  }
}
