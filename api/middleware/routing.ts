import { Router, type ErrorRequestHandler, type RequestHandler, type Response } from 'express';
import { type Logger } from 'pino';
import { VolleyError } from '../../src/domain/errors';
import { type Dialect, type Reply, type Route } from '../route';
import { toVolleyError } from './errors';
import { handleRoute, type RouteDeps } from './handle-route';
import { requestIdOf } from './request-id';
import { writeReply } from './respond';

/** `/bulk/{jobId}` as Express writes it. */
export function expressPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

/** Literal segments before parameters, so `/messages/export` is never taken for a message's id. */
export function bySpecificity(a: string, b: string): number {
  const left = a.split('/');
  const right = b.split('/');
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const difference = Number(left[i]?.startsWith('{')) - Number(right[i]?.startsWith('{'));
    if (difference !== 0) return difference;
  }
  return a < b ? -1 : Number(a > b);
}

/** Every route of every door, then 405 for a known path with another method. */
export function createRouter(deps: RouteDeps, dialects: readonly Dialect[]): Router {
  const router = Router();
  const entries = dialects.flatMap((dialect) => dialect.routes.map((route) => ({ dialect, route })));
  entries.sort((a, b) => bySpecificity(a.route.path, b.route.path));
  for (const { dialect, route } of entries) {
    router[route.method](expressPath(route.path), note(dialect, route.path), handleRoute(deps, route));
  }
  for (const { dialect, route } of entries) {
    const sameMethods = entries
      .filter((each) => each.route.path === route.path)
      .map((each) => each.route.method);
    router.all(expressPath(route.path), note(dialect, route.path), refuseMethod(sameMethods));
  }
  return router;
}

/** Leaves behind what the log line, the metrics and the error writer need to know. */
function note(dialect: Dialect, template: string): RequestHandler {
  return (_req, res, next) => {
    res.locals['dialect'] = dialect;
    res.locals['template'] = template;
    next();
  };
}

function refuseMethod(known: readonly Route['method'][]): RequestHandler {
  const methods = [...new Set(known)].map((method) => method.toUpperCase()).sort();
  const allow = (methods.includes('GET') ? [...methods, 'HEAD'] : methods).join(', ');
  return (_req, res) => {
    res.setHeader('Allow', allow);
    throw new VolleyError('method_not_allowed', `This path takes ${allow}.`);
  };
}

export const noSuchPath: RequestHandler = () => {
  throw new VolleyError(
    'not_found',
    'There is nothing under this path: see /openapi.json for what there is.',
  );
};

/**
 * The last stop of every error: worded by the door that the path belongs to. A path of no door gets the last one's words.
 * Only errors of our own making are logged, with their cause; a caller's mistake is in the request's own line.
 */
export function writeErrors(dialects: readonly Dialect[], log: Logger): ErrorRequestHandler {
  return (thrown: unknown, req, res, _next) => {
    const error = toVolleyError(thrown);
    if (error.code === 'internal' || error.code === 'unavailable') {
      log.error(
        { requestId: requestIdOf(res), code: error.code, err: loggable(error.cause) },
        'request failed',
      );
    }
    res.locals['errorCode'] = error.code;
    const dialect = dialectOf(res) ?? dialects.find((each) => each.owns(req.path)) ?? dialects.at(-1);
    writeReply(res, withRetryAfter(error, dialect?.writeError(error, requestIdOf(res)) ?? plainError(error)));
  };
}

function dialectOf(res: Response): Dialect | undefined {
  return res.locals['dialect'] as Dialect | undefined;
}

/** With no door at all (the bare app of a test) there is still an answer. */
function plainError(error: VolleyError): Reply {
  return { status: error.code === 'not_found' ? 404 : 500, body: { message: error.message } };
}

function withRetryAfter(error: VolleyError, reply: Reply): Reply {
  if (error.retryAfterSeconds === undefined) return reply;
  return { ...reply, headers: { 'Retry-After': String(error.retryAfterSeconds), ...reply.headers } };
}

/** Type, code and stack. Not pg's detail, which quotes rows. */
function loggable(cause: unknown): unknown {
  if (!(cause instanceof Error)) return { type: typeof cause };
  const code = 'code' in cause ? cause.code : undefined;
  return { type: cause.name, message: cause.message, code, stack: cause.stack };
}
