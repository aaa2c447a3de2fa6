import { createServer, type Server } from 'node:http';
import { type Registry } from 'prom-client';
import { listenOn } from '../listen';

/**
 * Serves a worker's own metrics, `volley_attempts_total` and `volley_attempt_seconds` among them, at `/metrics`. A worker has
 * no other HTTP side. Temporal's SDK serves its metrics on the next port (see worker.ts).
 * @throws OperatorError where the port cannot be had.
 */
export async function serveWorkerMetrics(
  registry: Registry,
  host: string,
  port: number,
): Promise<{ close(): void }> {
  const server: Server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    registry
      .metrics()
      .then((text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text))
      .catch(() => response.writeHead(500).end());
  });
  await listenOn(server, { host, port, instead: 'set VOLLEY_METRICS_PORT to a free one' });
  return { close: () => void server.close() };
}
