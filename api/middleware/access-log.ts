import { type RequestHandler } from 'express';
import { type Logger } from 'pino';
import { Histogram, type Registry } from 'prom-client';
import { requestIdOf } from './request-id';

/** From a cached read to a full ingestion under load. */
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/**
 * One line and one observation per request, when its connection is done with it. Route templates instead of paths, no
 * query, no body: nothing that a recipient could be known by.
 */
export function createAccessLog(log: Logger, registry: Registry): RequestHandler {
  const duration = new Histogram({
    name: 'volley_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  });
  return (req, res, next) => {
    const startedAt = process.hrtime.bigint();
    res.once('close', () => {
      const ms = Number(process.hrtime.bigint() - startedAt) / 1e6;
      const route = textOr(res.locals['template'], 'none');
      // 499: the caller left before the answer was out (the number that proxies log for it).
      const status = res.writableFinished ? res.statusCode : 499;
      const labels = { method: knownMethod(req.method), route, status: `${Math.floor(status / 100)}xx` };
      duration.observe(labels, ms / 1_000);
      log.info({
        msg: 'request',
        requestId: requestIdOf(res),
        method: req.method,
        route,
        status,
        ms: Math.round(ms * 10) / 10,
        workspaceId: textOr(res.locals['workspaceId'], undefined),
        code: textOr(res.locals['errorCode'], undefined),
      });
    });
    next();
  };
}

/** A caller's own verbs must not grow the number of time series. */
function knownMethod(method: string): string {
  return ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].includes(method) ? method : 'other';
}

function textOr<T>(value: unknown, fallback: T): string | T {
  return typeof value === 'string' && value !== '' ? value : fallback;
}
