import {
  accessSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isAlive, startMarkOf } from './process-life';
import { StartupError } from './startup-error';

/** Raised when an older Volley could no longer use the directory. What the database holds has versions of its own. */
export const DATA_DIRECTORY_VERSION = 1;

const TRIES = 5;

export type DataDirectoryLock = { release(): void };

/**
 * Runs `work`, which reads and writes in a data directory.
 * @throws StartupError in place of the system's refusals (EACCES, EROFS, ENOTDIR, ENOSPC …).
 */
export function inDataDirectory<T>(dataDir: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const { code, path } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    const denied = code === 'EACCES' || code === 'EPERM';
    // What `sudo npm start` leaves behind: the directory may be this user's, and what lies in it somebody else's.
    const what =
      denied && path !== undefined && path !== dataDir && existsSync(dataDir)
        ? `${path} belongs to another user: give it to this one, or`
        : `${dataDir} cannot be written (${code}):`;
    throw new StartupError(`${what} set VOLLEY_DATA_DIR to a directory that this user owns.`, { cause });
  }
}

/**
 * Creates a data directory where it is missing and checks that this version may use it.
 * @throws StartupError where it cannot be written, or is of a newer version.
 */
export function openDataDirectory(dataDir: string): void {
  const file = join(dataDir, 'version');
  inDataDirectory(dataDir, () => {
    mkdirSync(dataDir, { recursive: true });
    accessSync(dataDir, constants.W_OK | constants.X_OK);
    const found = existsSync(file) ? Number(readFileSync(file, 'utf8')) : DATA_DIRECTORY_VERSION;
    if (!(found <= DATA_DIRECTORY_VERSION)) {
      throw new StartupError(
        `${dataDir} was made by a newer Volley (data version ${found}, this one knows ${DATA_DIRECTORY_VERSION}): update Volley, or set VOLLEY_DATA_DIR to a new directory.`,
      );
    }
    writeFileSync(file, `${DATA_DIRECTORY_VERSION}\n`);
  });
}

/**
 * Keeps a second stack off a data directory. The holder is known by pid and start, so neither a crash nor a pid that
 * came again locks anyone out.
 * @throws StartupError naming the process that holds it, or what cannot be written.
 */
export function lockDataDirectory(dataDir: string): DataDirectoryLock {
  return inDataDirectory(dataDir, () => takeLock(dataDir));
}

function takeLock(dataDir: string): DataDirectoryLock {
  const runDir = join(dataDir, 'run');
  const lock = join(runDir, 'lock');
  const pidFile = join(runDir, 'volley.pid');
  mkdirSync(runDir, { recursive: true });
  const own = `${process.pid}\n${startMarkOf(process.pid)}\n`;
  for (let tries = 0; tries < TRIES; tries++) {
    if (tryCreate(lock, own)) {
      writeFileSync(pidFile, `${process.pid}\n`);
      return {
        release: () => {
          if (read(lock) !== own) return;
          rmSync(pidFile, { force: true });
          rmSync(lock, { force: true });
        },
      };
    }
    const holder = read(lock);
    if (holder !== undefined && isHeld(holder)) throw heldBy(holder, dataDir);
    if (holder !== undefined) removeStale(lock, holder);
  }
  throw new StartupError(
    `${lock} keeps changing hands: see which other Volley is being started on ${dataDir}.`,
  );
}

/** A link appears whole or not at all, so nobody ever reads half a lock. */
function tryCreate(lock: string, content: string): boolean {
  const draft = `${lock}.${process.pid}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function isHeld(holder: string): boolean {
  const [pid = '', mark = ''] = holder.split('\n');
  return isAlive(Number(pid)) && startMarkOf(Number(pid)) === mark;
}

/** Takes the lock away only if it is still the stale one: two starts at once may both have found it. */
function removeStale(lock: string, stale: string): void {
  const aside = `${lock}.stale.${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch {
    return; // The other one was quicker.
  }
  const taken = read(aside);
  if (taken !== undefined && taken !== stale) tryCreate(lock, taken);
  rmSync(aside, { force: true });
}

function heldBy(holder: string, dataDir: string): StartupError {
  const pid = holder.split('\n')[0];
  return new StartupError(
    `Another Volley (process ${pid}) uses ${dataDir}: stop it first, or set VOLLEY_DATA_DIR to another directory.`,
  );
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
