import { join } from 'node:path';
import { embeddedSecret } from '../runtime/embedded/secrets';

/** Loopback only: the embedded default may call servers of this machine, and says so. */
const EMBEDDED_EGRESS_ALLOW = '127.0.0.0/8,::1/128';

/**
 * What the embedded default adds to the environment of its processes: generated secrets, loopback egress, the mark that lets
 * the well-known key exist. What the user has set stays.
 */
export function embeddedEnvironment(env: NodeJS.ProcessEnv, dataDir: string): NodeJS.ProcessEnv {
  const encryption = Buffer.from(embeddedSecret(dataDir, 'encryption-key'), 'base64url').toString('base64');
  return {
    ...env,
    VOLLEY_EMBEDDED: '1',
    VOLLEY_ENCRYPTION_KEY: env['VOLLEY_ENCRYPTION_KEY'] || `embedded:${encryption}`,
    VOLLEY_ADMIN_KEY: env['VOLLEY_ADMIN_KEY'] || embeddedSecret(dataDir, 'admin-key'),
    VOLLEY_EGRESS_ALLOW: env['VOLLEY_EGRESS_ALLOW'] || EMBEDDED_EGRESS_ALLOW,
  };
}

/** How one of our own processes is run: by the same node, loader and file as this one. */
export function ownCommand(word: string): { command: string; args: string[] } {
  const file = process.argv[1] ?? join(__dirname, '..', 'cli.js');
  return { command: process.execPath, args: [...process.execArgv, file, word] };
}
