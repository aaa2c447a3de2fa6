import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inDataDirectory } from './data-directory';

/** 256 bits: as strong as anything that is derived from it. */
const SECRET_BYTES = 32;

/**
 * The secret `name` of a data directory, in URL-safe base64; made at the first call, the same ever after. It lies in
 * `<dataDir>/secrets/<name>`, readable by its owner alone.
 * @throws StartupError where it cannot be read or made: another user's, after a start with sudo.
 */
export function embeddedSecret(dataDir: string, name: string): string {
  return inDataDirectory(dataDir, () => readOrMake(dataDir, name));
}

function readOrMake(dataDir: string, name: string): string {
  const folder = join(dataDir, 'secrets');
  const file = join(folder, name);
  const known = readIfThere(file);
  if (known !== undefined) return known;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${randomBytes(SECRET_BYTES).toString('base64url')}\n`, { mode: 0o600 });
  try {
    // A link appears whole or not at all, and fails where another process was first: then that one's secret counts.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return readFileSync(file, 'utf8').trim();
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
