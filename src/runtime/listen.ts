import { type Server } from 'node:net';
import { OperatorError } from '../domain/operator-error';

/**
 * Has `server` listen; a port of 0 picks a free one. `instead` says what to do about a port that cannot be had.
 * @throws OperatorError naming the port or the host.
 */
export async function listenOn(
  server: Server,
  { host, port, instead }: { readonly host: string; readonly port: number; readonly instead: string },
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new OperatorError(`Port ${port} is taken by another process: ${instead}.`, { cause });
    if (code === 'EACCES')
      throw new OperatorError(`Port ${port} may not be used by this user: ${instead}.`, { cause });
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new OperatorError(`${host} is no address of this machine: set HOST to one that is.`, { cause });
    throw cause;
  }
}
