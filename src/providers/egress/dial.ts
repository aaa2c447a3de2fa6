import { connect, isIP, type Socket } from 'node:net';
import { EgressError, toEgressError } from './errors';
import { type Egress } from './guarded-client';

/** A TCP connection to a checked address of the host; TLS, where wanted, is the library's, by the host's name. */
export async function dialChecked(
  egress: Egress,
  host: string,
  port: number,
  timeoutMs: number,
): Promise<Socket> {
  const { addresses } = await egress.checkSocketTarget(host, port);
  return new Promise((resolve, reject) => {
    const found = addresses.map((address) => ({ address, family: isIP(address) }));
    const socket = connect({
      host: addresses.length === 1 ? addresses[0] : host,
      port,
      lookup: (_hostname, _options, callback) => callback(null, found),
    });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new EgressError('connect', 'connect_timeout', 'The connection was not established in time.'));
    }, timeoutMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(toEgressError(error, 'connect'));
    });
  });
}
