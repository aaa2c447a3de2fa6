import { type ZodOpenApiOperationObject } from 'zod-openapi';
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
  /** Parsed JSON, or undefined for an empty body. Keys such as __proto__ and strings Postgres cannot keep are refused earlier. */
  readonly body: unknown;
  header(name: string): string | undefined;
  /** The workspace of the key. For `admin` routes the empty string. */
  readonly workspaceId: string;
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
  /** `workspace`: a workspace's key. `admin`: VOLLEY_ADMIN_KEY. `both`: either. */
  readonly auth: 'workspace' | 'admin' | 'both';
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
  handle(call: Call, tx: Tx): Promise<Reply>;
}

export type Route = ReadRoute | CommandRoute;

/** A door: its routes, and how it words a refusal. Errors are mapped to HTTP in one place per dialect. */
export interface Dialect {
  readonly name: 'courier' | 'bird' | 'v1';
  /** True when an unmatched path belongs to this door (its 404 is then worded by it). */
  owns(path: string): boolean;
  readonly routes: readonly Route[];
  writeError(error: import('../src/domain/errors').VolleyError, requestId: string): Reply;
}
