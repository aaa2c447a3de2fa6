import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { giveTo, type PostgresHome } from './postgres-home';
import { type PostgresProgram } from './postgres-program';
import { commandLineOf, isAlive, readPid, stopProcess } from './process-life';
import { StartupError } from './startup-error';

/** The superuser of an embedded cluster. */
export const ROLE = 'volley';
/** A fast shutdown writes a checkpoint first: seconds on a slow disk, never minutes. */
export const STOP_TIMEOUT_MS = 15_000;

/**
 * Leaves a cluster at `home` that `program` can serve: created where there is none.
 * @throws StartupError in one sentence: made by another version, or initdb refused.
 */
export function prepareCluster(
  home: PostgresHome,
  program: PostgresProgram,
  password: string,
  durable: boolean,
): void {
  if (existsSync(join(home.cluster, 'PG_VERSION'))) requireSameMajor(home.cluster, program);
  else initialise(home, program, password, durable);
}

/** Nothing of the caller's: PG* variables and locales change how the server behaves. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C', LC_ALL: 'C' };
}

function initialise(home: PostgresHome, program: PostgresProgram, password: string, durable: boolean): void {
  // Made beside its place and renamed: a start that was killed in between leaves no half cluster behind.
  const draft = `${home.cluster}.new`;
  const passwordFile = `${home.cluster}.password`;
  rmSync(draft, { recursive: true, force: true });
  rmSync(passwordFile, { force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  giveTo(draft, home.runAs);
  try {
    writeFileSync(passwordFile, password, { mode: 0o600, flag: 'wx' });
    giveTo(passwordFile, home.runAs);
    const result = spawnSync(
      program.initdb,
      [
        ...['-D', draft, '-U', ROLE, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8'],
        // The built-in provider sorts the same on every platform and after every system upgrade.
        ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
        ...(durable ? [] : ['--no-sync']),
      ],
      { cwd: '/', env: plainEnvironment(), encoding: 'utf8', ...home.runAs },
    );
    if (result.status !== 0) {
      const said = (result.stderr || (result.error?.message ?? '')).trim().split('\n').at(-1);
      throw new StartupError(
        `Postgres could not create its database in ${dirname(home.cluster)} (${said}): set VOLLEY_DATA_DIR to a writable local disk, or DATABASE_URL to a Postgres of your own.`,
      );
    }
    renameSync(draft, home.cluster);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/**
 * A server that outlived its supervisor is stopped; a pid file that names some other process is removed, since
 * Postgres would take any process of the same user for a running server.
 */
export async function stopLeftoverServer(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid');
  const pid = readPid(file);
  if (pid === undefined || !isAlive(pid)) return;
  if (commandLineOf(pid).includes(cluster)) await stopProcess(pid, 'SIGINT', STOP_TIMEOUT_MS);
  else rmSync(file, { force: true });
}

function requireSameMajor(cluster: string, program: PostgresProgram): void {
  const found = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim();
  if (Number(found) === program.majorVersion) return;
  throw new StartupError(
    `${cluster} was made by Postgres ${found} and this is ${program.majorVersion}: dump it with that version, or set VOLLEY_DATA_DIR to a new directory.`,
  );
}
