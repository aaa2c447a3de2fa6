import { VolleyError } from '../../src/domain/errors';
import { type Db, type Tx } from '../../src/ledger/database';
import { type Dialect, type Reply } from '../../api/route';

export interface DoorCall {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, readonly string[]>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly workspaceId?: string;
}

const TEST_WORKSPACE = '0c7b5f3e-6d0b-4b6e-9a35-3d3f0f9c1a11';

/**
 * Calls a door's handlers without HTTP: `call('POST', '/bulk/1-…/run')`. Refusals come back as the door words them. `db` is
 * for a door whose service is the real one.
 */
export function callerOf(
  dialect: Dialect,
  db?: Db,
): (method: string, path: string, call?: DoorCall) => Promise<Reply> {
  return async (method, path, { body, query = {}, headers = {}, workspaceId = TEST_WORKSPACE } = {}) => {
    for (const route of dialect.routes) {
      const params = route.method === method.toLowerCase() ? match(route.path, path) : undefined;
      if (!params) continue;
      const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
      const call = {
        requestId: 'test',
        method,
        path,
        params,
        query: new Map(Object.entries(query)),
        // What a handler gets has been through JSON, and what it returns goes through it.
        body: body === undefined ? undefined : (JSON.parse(JSON.stringify(body)) as unknown),
        poison: [],
        header: (name: string) => lower.get(name.toLowerCase()),
        workspaceId,
        apiKeyId: 'test',
      };
      const tx: Tx = db
        ? { query: (text, values) => db.query(text, values), afterCommit: () => undefined }
        : NO_DATABASE;
      const reply = await route.handle(call, tx).catch((error: unknown) => {
        if (error instanceof VolleyError) return dialect.writeError(error, 'test');
        throw error;
      });
      return reply.body === undefined
        ? reply
        : { ...reply, body: JSON.parse(JSON.stringify(reply.body)) as unknown };
    }
    throw new Error(`no route for ${method} ${path}`);
  };
}

const NO_DATABASE: Tx = {
  query: async () => {
    throw new Error('a door asks the service, not the database');
  },
  afterCommit: () => undefined,
};

function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const name = /^\{(.*)\}$/.exec(part)?.[1];
    if (name !== undefined) params[name] = decodeURIComponent(given[index] ?? '');
    else if (part !== given[index]) return undefined;
  }
  return params;
}
