import { readFileSync } from 'node:fs';
import { StartupError } from './startup-error';

/** As `spawn` takes it. */
export type RunAs = { uid: number; gid: number };

/**
 * Whom Postgres, which refuses to run as root, runs as: the owner of an existing data directory, else the system's
 * `postgres` or `nobody`. Undefined where this process is not root: then everything runs as it does.
 */
export function unprivilegedUser(ownerOfData: RunAs | undefined): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  if (ownerOfData && ownerOfData.uid !== 0) return ownerOfData;
  const accounts = readFileSync('/etc/passwd', 'utf8');
  for (const name of ['postgres', 'nobody']) {
    // macOS writes nobody as -2; spawn takes the unsigned form.
    const [, uid, gid] = new RegExp(`^${name}:[^:]*:(-?\\d+):(-?\\d+):`, 'm').exec(accounts) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 };
  }
  throw new StartupError(
    'Postgres refuses to run as root and there is neither a user "postgres" nor "nobody": run as another user, or set DATABASE_URL.',
  );
}
