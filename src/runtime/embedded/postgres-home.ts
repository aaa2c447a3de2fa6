import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { SYSTEM_HOME } from './postgres-program';
import { StartupError } from './startup-error';
import { unprivilegedUser, type RunAs } from './unprivileged-user';

/** `cluster` is Postgres' own data directory; `runAs` is set where this process is root. */
export type PostgresHome = { cluster: string; runAs: RunAs | undefined };

const MARKER = 'postgres-location';

/**
 * Decides where the cluster of a data directory lives and whom it belongs to. Normally that is `<dataDir>/postgres`.
 * As root it may lie below a folder that Postgres' user cannot enter; then it goes to /var/lib/volley, which outlives
 * restarts as the temporary directory would not. A marker in the data directory holds that choice, so a data
 * directory that was moved still finds its cluster, and one that was deleted and made anew never meets an old ledger.
 */
export function locatePostgresHome(dataDir: string): PostgresHome {
  const marker = join(dataDir, MARKER);
  const usual = join(dataDir, 'postgres');
  const marked = existsSync(marker) ? readFileSync(marker, 'utf8').trim() : undefined;
  const existing = marked ?? (existsSync(usual) ? usual : undefined);
  const runAs = unprivilegedUser(existing === undefined ? undefined : ownerOf(existing));
  if (existing !== undefined) return adopt(existing, runAs);
  const cluster = !runAs || openTo(dataDir, runAs) ? usual : systemHomeFor(dataDir, marker);
  return { cluster, runAs };
}

/** Hands a path and all below it to `runAs`. Nothing where this process is not root. */
export function giveTo(path: string, runAs: RunAs | undefined): void {
  if (!runAs) return;
  if (statSync(path).isDirectory()) {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) giveTo(child, runAs);
      else lchownSync(child, runAs.uid, runAs.gid);
    }
  }
  chownSync(path, runAs.uid, runAs.gid);
}

function adopt(cluster: string, runAs: RunAs | undefined): PostgresHome {
  if (!runAs) {
    if (existsSync(cluster) && statSync(cluster).uid !== process.getuid?.()) {
      throw new StartupError(
        `${cluster} belongs to another user: start Volley as that user (or as root), or set VOLLEY_DATA_DIR to a new directory.`,
      );
    }
    return { cluster, runAs };
  }
  if (!openTo(dirname(cluster), runAs)) {
    throw new StartupError(
      `Postgres' user (uid ${runAs.uid}) may not enter ${dirname(cluster)} any more: open the folders above it with chmod o+x.`,
    );
  }
  // Files restored from a backup by root come back as root's.
  if (existsSync(cluster) && ownerOf(cluster)?.uid !== runAs.uid) giveTo(cluster, runAs);
  return { cluster, runAs };
}

/** Whether `runAs` can enter a folder; one of our own that is merely closed itself is opened for passing through. */
function openTo(folder: string, runAs: RunAs): boolean {
  const enters = () =>
    spawnSync('/bin/sh', ['-c', 'cd -- "$0"', folder], { cwd: '/', stdio: 'ignore', ...runAs }).status === 0;
  if (enters()) return true;
  const { mode, uid } = statSync(folder);
  if (uid !== 0) return false;
  chmodSync(folder, mode | 0o001);
  if (enters()) return true;
  chmodSync(folder, mode);
  return false;
}

function systemHomeFor(dataDir: string, marker: string): string {
  const name = createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 12);
  const home = join(SYSTEM_HOME, `${name}-${randomBytes(3).toString('hex')}`);
  try {
    mkdirSync(home, { recursive: true, mode: 0o755 });
  } catch (cause) {
    throw new StartupError(
      `Postgres' user cannot enter ${dataDir} and ${SYSTEM_HOME} cannot be written: set VOLLEY_DATA_DIR to a directory that others may enter.`,
      { cause },
    );
  }
  writeFileSync(join(home, 'belongs-to'), `${dataDir}\n`);
  const cluster = join(home, 'postgres');
  writeFileSync(marker, `${cluster}\n`);
  return cluster;
}

function ownerOf(path: string): RunAs | undefined {
  return existsSync(path) ? { uid: statSync(path).uid, gid: statSync(path).gid } : undefined;
}
