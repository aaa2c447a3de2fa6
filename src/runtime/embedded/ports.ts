import { createServer } from 'node:net';
import { StartupError } from './startup-error';

/** Everything embedded listens here and nowhere else. */
export const LOOPBACK = '127.0.0.1';

/** A port that was free a moment ago. Another process may take it before its user does: callers fail clearly then. */
export async function freePort(): Promise<number> {
  return listenOnce(0);
}

/**
 * The port to use: `wanted`, or a free one where `wanted` is 0.
 * @throws StartupError naming the port and the variable that changes it, where something listens there already.
 */
export async function claimPort(wanted: number, variable: string, purpose: string): Promise<number> {
  if (wanted === 0) return freePort();
  try {
    return await listenOnce(wanted);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const why = code === 'EACCES' ? 'may not be used by this user' : 'is taken by another process';
    throw new StartupError(
      `Port ${wanted} (${purpose}) ${why}: set ${variable} to a free port, or to 0 to have one picked.`,
      { cause },
    );
  }
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : port));
    });
  });
}
