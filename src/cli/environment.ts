import { join } from 'node:path';
import { type StackConfig } from '../runtime/embedded/stack-config';
import { embeddedSecret } from '../runtime/embedded/secrets';

/** Loopback only: the embedded default may call servers of this machine, and says so. */
const EMBEDDED_EGRESS_ALLOW = '127.0.0.0/8,::1/128';

/**
 * What the embedded default makes of the environment for its processes: generated secrets, loopback egress, the mark that lets
 * the well-known key exist. What the user has set stays, but for how to reach a Temporal that is not used.
 */
export function embeddedEnvironment(
  env: NodeJS.ProcessEnv,
  { dataDir, temporalAddress }: Pick<StackConfig, 'dataDir' | 'temporalAddress'>,
): NodeJS.ProcessEnv {
  const encryption = Buffer.from(embeddedSecret(dataDir, 'encryption-key'), 'base64url').toString('base64');
  return {
    ...(temporalAddress === undefined ? withoutTemporalAccess(env) : env),
    VOLLEY_EMBEDDED: '1',
    VOLLEY_ENCRYPTION_KEY: env['VOLLEY_ENCRYPTION_KEY'] || `embedded:${encryption}`,
    VOLLEY_ADMIN_KEY: env['VOLLEY_ADMIN_KEY'] || embeddedSecret(dataDir, 'admin-key'),
    VOLLEY_EGRESS_ALLOW: env['VOLLEY_EGRESS_ALLOW'] || EMBEDDED_EGRESS_ALLOW,
  };
}

/** Temporal's CLI and profiles have these in many shells. The embedded server speaks no TLS, and the API key is not for it. */
export function withoutTemporalAccess(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^TEMPORAL_(API_KEY$|TLS)/.test(name)));
}

/** How one of our own processes is run: by the same node, loader and file as this one. */
export function ownCommand(word: string): { command: string; args: string[] } {
  const file = process.argv[1] ?? join(__dirname, '..', 'cli.js');
  return { command: process.execPath, args: [...process.execArgv, file, word] };
}
