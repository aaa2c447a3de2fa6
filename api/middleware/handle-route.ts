import { type Request, type RequestHandler, type Response } from 'express';
import { VolleyError } from '../../src/domain/errors';
import { type Database } from '../../src/ledger/database';
import { findAnswer } from '../../src/ledger/idempotency';
import { type Call, type Reply, type Route } from '../route';
import { type Authenticate, type Principal } from './authenticate';
import { MAX_BODY_BYTES, readJson, type ReadBody } from './body';
import { digestBody } from './body-digest';
import { type BodyRoom } from './body-room';
import { createFailedCalls, type FailedCalls } from './failed-calls';
import { planIdempotency, runOnce, type Plan } from './idempotency';
import { createLanes, type Lanes } from './lanes';
import { parseQuery } from './query';
import { requestIdOf } from './request-id';
import { writeReply } from './respond';

export interface RouteDeps {
  readonly db: Database;
  readonly authenticate: Authenticate;
  readonly room: BodyRoom;
}

const NO_BODY: ReadBody = { value: undefined, poison: [], sha256: Buffer.alloc(0) };

/**
 * One route from head to tail: who calls, what they sent, the handler, the answer. Auth comes before the body, so that
 * strangers cannot make this process read megabytes. The answer is written after the commit; the body has its room until
 * then.
 */
export function handleRoute(deps: RouteDeps, route: Route): RequestHandler {
  const ground = { db: deps.db, failed: createFailedCalls(deps.db), lanes: createLanes() };
  return async (req, res) => {
    const params = pathParams(req);
    const principal = await deps.authenticate(route, {
      authorization: req.headers.authorization,
      host: req.headers.host,
      pathWorkspaceId: params['workspaceId'],
    });
    res.locals['workspaceId'] = principal.workspaceId;
    const cameAtMs = performance.now();
    const answerTo = async (body: ReadBody): Promise<void> => {
      const call = createCall({ req, res, params, principal, body });
      writeReply(res, await answer(ground, route, call, body));
    };
    if (route.method === 'get') return answerTo(NO_BODY);
    await deps.room.withBytes(
      req,
      res,
      MAX_BODY_BYTES,
      (bytes) => answerTo(readJson(bytes, req.headers['content-type'], route.poison ?? 'refuse')),
      async (error) => {
        if (route.kind === 'read') return;
        const call = createCall({ req, res, params, principal, body: NO_BODY });
        // Known by its body alone: without the hash its repetition could get what an equal call before it got.
        if (planIdempotency(call, NO_BODY.sha256)?.sort !== 'first') return;
        const sha256 = await digestBody(req, MAX_BODY_BYTES);
        const plan = sha256 && planIdempotency(call, sha256);
        await ground.failed.note(plan && { ...plan, plannedAtMs: cameAtMs }, error);
      },
    );
  };
}

interface Ground {
  readonly db: Database;
  readonly failed: FailedCalls;
  readonly lanes: Lanes;
}

async function answer(ground: Ground, route: Route, call: Call, body: ReadBody): Promise<Reply> {
  const { db, failed, lanes } = ground;
  if (route.kind === 'read') return route.handle(call, db);
  const plan = planIdempotency(call, body.sha256);
  await failed.settle(plan);
  try {
    const once = () => db.transaction((tx) => runOnce(tx, plan, () => route.handle(call, tx), route.kept));
    if ((!route.before && !route.lane) || (await isAnswered(db, plan))) return await once();
    await route.before?.(call);
    return await (route.lane ? lanes.run(route.lane(call), once) : once());
  } catch (error) {
    await failed.note(plan, error);
    throw error;
  }
}

/** True for a repetition of a call that was done: what holds by now is no matter to its answer. */
async function isAnswered(db: Database, plan: Plan | undefined): Promise<boolean> {
  return plan !== undefined && plan.sort !== 'first' && (await findAnswer(db, plan.scope)) !== undefined;
}

interface CallParts {
  readonly req: Request;
  readonly res: Response;
  readonly params: Readonly<Record<string, string>>;
  readonly principal: Principal;
  readonly body: ReadBody;
}

function createCall({ req, res, params, principal, body }: CallParts): Call {
  return {
    requestId: requestIdOf(res),
    method: req.method,
    path: req.path,
    params,
    query: parseQuery(req.originalUrl),
    body: body.value,
    poison: body.poison,
    header: (name) => {
      const value = req.headers[name.toLowerCase()];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    ...principal,
  };
}

function pathParams(req: Request): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(req.params)) {
    const text = Array.isArray(value) ? value.join('/') : value;
    // Nothing stored can hold a NUL, so an id with one names nothing.
    if (text.includes('\0')) throw new VolleyError('not_found', 'There is nothing under this path.');
    params[name] = text;
  }
  return params;
}
