import { randomUUID } from 'node:crypto';
import pino, { type Logger } from 'pino';
import { Registry } from 'prom-client';
import { createApp, type AppDeps } from '../../../api/app';
import { type Dialect, type Route } from '../../../api/route';
import { startServer, type RunningServer } from '../../../api/server';
import { type VolleyError } from '../../../src/domain/errors';
import { issueKey } from '../../../src/ledger/keys';
import { createTestDatabase, type TestDatabase } from '../../support/database';

export const ADMIN_KEY = 'the-admin-key-of-this-test';

export interface Stand {
  readonly database: TestDatabase;
  readonly server: RunningServer;
  readonly url: string;
  readonly workspaceId: string;
  readonly key: string;
  /** Every log line so far, parsed. */
  readonly lines: Record<string, unknown>[];
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  close(): Promise<void>;
}

export interface CallOptions {
  body?: unknown;
  raw?: string | Uint8Array;
  key?: string | null;
  headers?: Record<string, string>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Whatever JSON came: tests look into it freely. */
  readonly json: ReturnType<typeof JSON.parse>;
}

const STATUS: Partial<Record<VolleyError['code'], number>> = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  payload_too_large: 413,
  idempotency_in_progress: 409,
  idempotency_mismatch: 422,
  unavailable: 503,
};

/** A door of the tests' own: says the code and its details, so that a test can tell refusals apart. */
export function testDialect(routes: readonly Route[]): Dialect {
  return {
    name: 'v1',
    owns: () => true,
    routes,
    writeError: (error, requestId) => ({
      status: STATUS[error.code] ?? 500,
      body: { code: error.code, message: error.message, details: error.details, requestId },
    }),
  };
}

/** A real server on a real database with the given routes behind it. */
export async function createStand(
  dialects: readonly Dialect[],
  overrides: Partial<AppDeps> = {},
): Promise<Stand> {
  const database = await createTestDatabase();
  const lines: Record<string, unknown>[] = [];
  const log: Logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const workspaceId = randomUUID();
  await database.db.query('insert into workspaces (id, name) values ($1, $2)', [workspaceId, 'test']);
  const { key } = await issueKey(database.db, { workspaceId, name: 'test' });
  const app = createApp({
    ...{
      db: database.db,
      dialects,
      auth: { adminKey: ADMIN_KEY, seededKey: true },
      readiness: [],
      metrics: new Registry(),
      log,
    },
    ...overrides,
  });
  const server = await startServer({ app, host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    ...{ database, server, url, workspaceId, key, lines },
    call: (method, path, options = {}) => call(url, method, path, { key, ...options }),
    close: async () => {
      await server.close();
      await database.drop();
    },
  };
}

async function call(url: string, method: string, path: string, options: CallOptions): Promise<Answer> {
  const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(options.key ? { authorization: `Bearer ${options.key}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body: body as string }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
