import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { type Logger } from 'pino';
import { type Registry } from 'prom-client';
import { type Database } from '../src/ledger/database';
import { createAccessLog } from './middleware/access-log';
import { createAuthenticate, type AuthConfig } from './middleware/authenticate';
import { callsRoom, type BodyRoom } from './middleware/body-room';
import { requestId } from './middleware/request-id';
import { createRouter, noSuchPath, writeErrors } from './middleware/routing';
import { writeReply } from './middleware/respond';
import { createOpenApiDocument } from './openapi';
import { createOperationsRouter, type ReadinessCheck } from './operations/health';
import { type Dialect } from './route';

export interface AppDeps {
  readonly db: Database;
  /** The doors. An unmatched path that none of them owns is worded by the last. */
  readonly dialects: readonly Dialect[];
  readonly auth: AuthConfig;
  readonly readiness: readonly ReadinessCheck[];
  /** Gets the HTTP histogram; `/metrics` shows all that is in it. One registry takes one app. */
  readonly metrics: Registry;
  readonly log: Logger;
  /** For the bodies of all doors together; the process's own if left out. */
  readonly room?: BodyRoom;
  /** What vendors call back (api/callbacks); verifies by itself. */
  readonly callbacks?: RequestHandler;
  /** Clicks, opens, unsubscriptions (api/links); verifies by itself. */
  readonly links?: RequestHandler;
  /** Temporal's codec endpoint, mounted at `/codec`; authenticates by itself. */
  readonly codec?: RequestHandler;
}

/** Composes the HTTP side: no port is opened here (see `startServer`). */
export function createApp(deps: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // Ours is used instead: Express' own drops and rewrites values (see middleware/query.ts).
  app.set('query parser', false);
  app.use(requestId, createAccessLog(deps.log, deps.metrics), helmet());
  app.use(createOperationsRouter(deps.readiness, deps.metrics));
  app.get('/openapi.json', serveOpenApi(deps.dialects));
  if (deps.codec) app.use('/codec', deps.codec);
  if (deps.callbacks) app.use(deps.callbacks);
  if (deps.links) app.use(deps.links);
  const authenticate = createAuthenticate(deps.db, deps.auth);
  app.use(createRouter({ db: deps.db, authenticate, room: deps.room ?? callsRoom }, deps.dialects));
  app.use(noSuchPath);
  app.use(writeErrors(deps.dialects, deps.log));
  return app;
}

/** Built at the first call: a process that nobody asks does not pay for it. */
function serveOpenApi(dialects: readonly Dialect[]): RequestHandler {
  let document: unknown;
  return (_req, res) => {
    res.locals['template'] = '/openapi.json';
    document ??= createOpenApiDocument(dialects);
    writeReply(res, { status: 200, body: document });
  };
}
