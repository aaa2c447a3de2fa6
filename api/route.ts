import { type z } from 'zod';
import { type ZodOpenApiOperationObject } from 'zod-openapi';
import { type ErrorCode, type ErrorDetail, type VolleyError } from '../src/domain/errors';
import { type Db, type Tx } from '../src/ledger/database';

/** One authenticated call. Nothing in it has been trusted beyond what auth and the body reader checked. */
export interface Call {
  readonly requestId: string;
  readonly method: string;
  /** The concrete path, without the query: part of an idempotency key's scope. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  /** Raw query: every value that each name had, in order. */
  readonly query: ReadonlyMap<string, readonly string[]>;
  /** Parsed JSON, or undefined for an empty body; already cleaned of everything that `poison` lists. */
  readonly body: unknown;
  /**
   * What could not be kept, where it stood: NUL and lone surrogates (Postgres has no room for them), prototype keys, too
   * deep nesting, numbers of over 40 places. Always empty unless the route says `poison: 'report'`.
   */
  readonly poison: readonly ErrorDetail[];
  header(name: string): string | undefined;
  /** The workspace of the key; with the admin key the one in the path, and the empty string where there is none. */
  readonly workspaceId: string;
  /** The key's id; `admin` for VOLLEY_ADMIN_KEY. */
  readonly apiKeyId: string;
}

export interface Reply {
  readonly status: number;
  /** Sent as JSON (`application/json`, no charset: Courier SDK v4/v5 need it so); absent for an empty answer. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface RouteBase {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** OpenAPI form, parameters named as in the seeds: `/bulk/{jobId}/users`. */
  readonly path: string;
  /**
   * `workspace`: a workspace's key. `admin`: VOLLEY_ADMIN_KEY. `both`: either. A `{workspaceId}` in the path that is not the
   * key's own is answered 404 before the handler runs.
   */
  readonly auth: 'workspace' | 'admin' | 'both';
  /** `refuse` (default): a body with poison in it is answered 400. `report`: the handler gets it cleaned, with the list. */
  readonly poison?: 'refuse' | 'report';
  /** What this route refuses with, besides what every route does (see api/openapi.ts). */
  readonly errors?: readonly ErrorCode[];
  /** What goes into the OpenAPI document: operationId, summary, request and response schemas, examples. */
  readonly openapi: ZodOpenApiOperationObject;
}

/** Reads: no transaction of their own. */
export interface ReadRoute extends RouteBase {
  readonly kind: 'read';
  handle(call: Call, db: Db): Promise<Reply>;
}

/**
 * Commands: handler, idempotency row and effect commit in one transaction. A thrown VolleyError rolls back and is mapped by
 * the dialect's error writer; a returned reply is committed.
 */
export interface CommandRoute extends RouteBase {
  readonly kind: 'command';
  /** What of an answer is kept for repetitions by Idempotency-Key: secrets are shown once and stored nowhere in clear. */
  readonly kept?: (body: unknown) => unknown;
  /** What waits for somebody outside, and holds no connection meanwhile: done before the transaction begins. May refuse. */
  readonly before?: (call: Call) => Promise<void>;
  /**
   * For calls that wait for one lock: those of one name are begun two at a time in a process, and the others wait without a
   * connection. May refuse.
   */
  readonly lane?: (call: Call) => string;
  handle(call: Call, tx: Tx): Promise<Reply>;
}

export type Route = ReadRoute | CommandRoute;

/** A door: its routes, and how it words a refusal. Errors are mapped to HTTP in one place per dialect. */
export interface Dialect {
  readonly name: 'courier' | 'bird' | 'v1';
  /** True when an unmatched path belongs to this door (its 404 is then worded by it). */
  owns(path: string): boolean;
  readonly routes: readonly Route[];
  /** Shape of every refusal, for the OpenAPI document. */
  readonly errorSchema?: z.ZodType;
  writeError(error: VolleyError, requestId: string): Reply;
}
