import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export interface DemoPlace {
  /** For the stack: its own directory, free ports unless some were asked for, its own database. */
  readonly env: NodeJS.ProcessEnv;
  readonly dataDir: string;
  /** Removed when this process ends, however it does. */
  readonly temporary: boolean;
}

const PORTS = ['PORT', 'VOLLEY_POSTGRES_PORT', 'VOLLEY_TEMPORAL_PORT', 'VOLLEY_TEMPORAL_UI_PORT'];

/** Where the demo runs: beside whatever else runs on this machine, and never in a database of the user's own. */
export function makeDemoPlace(env: NodeJS.ProcessEnv): DemoPlace {
  const given = env['VOLLEY_DATA_DIR'];
  const temporary = !given;
  const dataDir = given ? join(resolve(given), 'demo') : mkdtempSync(join(tmpdir(), 'volley-demo-'));
  // Synchronous and at the very end: after Ctrl-C the signal's handler ends the process once everything has stopped.
  if (temporary) process.once('exit', () => removePlace(dataDir));
  const ports = Object.fromEntries(PORTS.map((name) => [name, env[name] || '0']));
  const { DATABASE_URL: _theirs, ...rest } = env;
  return { dataDir, temporary, env: { ...rest, ...ports, VOLLEY_DATA_DIR: dataDir } };
}

/** Also the database cluster where it had to go elsewhere: as root, below a folder that Postgres' user cannot enter. */
function removePlace(dataDir: string): void {
  const marker = join(dataDir, 'postgres-location');
  if (existsSync(marker))
    rmSync(dirname(readFileSync(marker, 'utf8').trim()), { recursive: true, force: true });
  rmSync(dataDir, { recursive: true, force: true });
}
