import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { withoutTemporalAccess } from '../environment';

export interface DemoPlace {
  /** For the stack: its own directory, free ports unless some were asked for, its own database. */
  readonly env: NodeJS.ProcessEnv;
  readonly dataDir: string;
  /** Removed when this process ends; all but its logs where it fails. */
  readonly temporary: boolean;
}

const PORTS = ['PORT', 'VOLLEY_POSTGRES_PORT', 'VOLLEY_TEMPORAL_PORT', 'VOLLEY_TEMPORAL_UI_PORT'];

/** Servers of the user's own, whose data and task queues are not for a demo. */
const THEIRS = new Set(['DATABASE_URL', 'TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE']);

/** Where the demo runs: beside whatever else runs on this machine, and never on servers of the user's own. */
export function makeDemoPlace(env: NodeJS.ProcessEnv): DemoPlace {
  const given = env['VOLLEY_DATA_DIR'];
  const temporary = !given;
  const dataDir = given ? join(resolve(given), 'demo') : mkdtempSync(join(tmpdir(), 'volley-demo-'));
  // Synchronous and at the very end: after Ctrl-C the signal's handler ends the process once everything has stopped.
  if (temporary) process.once('exit', (code) => leavePlace(dataDir, code));
  const ports = Object.fromEntries(PORTS.map((name) => [name, env[name] || '0']));
  const ours = Object.entries(withoutTemporalAccess(env)).filter(([name]) => !THEIRS.has(name));
  return { dataDir, temporary, env: { ...Object.fromEntries(ours), ...ports, VOLLEY_DATA_DIR: dataDir } };
}

/** Nothing stays of a demo that went well; the logs of one that failed do, and where they are is said. */
export function leavePlace(dataDir: string, exitCode: number): void {
  const logs = join(dataDir, 'logs');
  if (exitCode === 0 || !existsSync(logs)) return removePlace(dataDir);
  removeCluster(dataDir);
  for (const name of readdirSync(dataDir))
    if (name !== 'logs') rmSync(join(dataDir, name), { recursive: true, force: true });
  console.error(`The logs stay in ${logs}.`);
}

function removePlace(dataDir: string): void {
  removeCluster(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
}

/** The database cluster where it had to go elsewhere: as root, below a folder that Postgres' user cannot enter. */
function removeCluster(dataDir: string): void {
  const marker = join(dataDir, 'postgres-location');
  if (existsSync(marker))
    rmSync(dirname(readFileSync(marker, 'utf8').trim()), { recursive: true, force: true });
}
