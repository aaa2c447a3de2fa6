import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { listenOn } from '../src/runtime/listen';

/** Heads are small: whoever needs longer is holding a socket on purpose. */
const HEADERS_TIMEOUT_MS = 15_000;
/** 10 MB over a slow line of 1 Mbit/s take 80 s. */
const REQUEST_TIMEOUT_MS = 120_000;
/** Longer than the 60 s after which common load balancers drop an idle connection: we are never the one who cuts first. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** Leaves file descriptors for everything else under the usual limit of 65,536 and memory for the bodies. */
const MAX_CONNECTIONS = 10_000;
/** The longest command takes 10 s (the ledger's lock time-out). */
const DRAIN_TIMEOUT_MS = 10_000;

export interface RunningServer {
  /** The one that was bound, also where 0 was asked for. */
  readonly port: number;
  /** Stops accepting, lets calls in flight finish for up to 10 s, then cuts what is left. Again is no error. */
  close(): Promise<void>;
}

/**
 * Listens.
 * @throws OperatorError where the port cannot be had.
 */
export async function startServer(options: {
  app: RequestListener;
  host: string;
  port: number;
}): Promise<RunningServer> {
  const inFlight = new Set<ServerResponse>();
  let closing: Promise<void> | undefined;
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    },
    (req, res) => {
      inFlight.add(res);
      res.once('close', () => inFlight.delete(res));
      if (closing) res.shouldKeepAlive = false;
      options.app(req, res);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  const { host, port } = options;
  await listenOn(server, { host, port, instead: 'set PORT to a free one' });

  const drain = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // Otherwise a client with a connection kept alive would hold the process up until it goes idle and times out.
    for (const res of inFlight) res.shouldKeepAlive = false;
    server.closeIdleConnections();
    const cut = setTimeout(() => server.closeAllConnections(), DRAIN_TIMEOUT_MS);
    await closed;
    clearTimeout(cut);
  };
  return {
    port: (server.address() as AddressInfo).port,
    close: () => (closing ??= drain()),
  };
}
