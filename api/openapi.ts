import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiParameterObject,
  type ZodOpenApiResponseObject,
} from 'zod-openapi';
import { VolleyError, type ErrorCode } from '../src/domain/errors';
import { type Dialect, type Route } from './route';

const REQUEST_ID_EXAMPLE = '0198c1a2-7b3c-7d4e-8f50-61728394a5b6';

/** What each code says in the document; the real answers name the place and the cure. */
const DESCRIPTIONS: Readonly<Record<ErrorCode, string>> = {
  invalid_request: 'The request is not of the documented shape.',
  unauthorized: 'No API key, or one that is unknown or revoked.',
  forbidden: 'A valid key of the wrong sort.',
  not_found: 'There is no such thing in this workspace.',
  method_not_allowed: 'The path does not take this method.',
  payload_too_large: 'The body is over 10 MB.',
  already_run: 'The job was run before.',
  job_not_open: 'The job takes no more recipients.',
  job_empty: 'The job has no recipients.',
  job_final: 'The job is over.',
  already_exists: 'There is one already.',
  idempotency_in_progress: 'The same call is still under way.',
  idempotency_mismatch: 'The Idempotency-Key was used with another body.',
  unavailable: 'The ledger cannot be reached just now, or too many large calls are under way.',
  internal: 'Something broke on our side.',
};

const IDEMPOTENCY_HEADERS: readonly ZodOpenApiParameterObject[] = [
  {
    in: 'header',
    name: 'Idempotency-Key',
    description: 'Makes a repetition of this call answer as the first one did. Kept for 24 hours.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  },
  {
    in: 'header',
    name: 'x-idempotency-expiration',
    description:
      'Keeps the answer longer, up to a year: a moment (epoch seconds or milliseconds, ISO-8601) or a duration (`P7D`, `7 days`). One that cannot be read counts as absent.',
    schema: { type: 'string' },
  },
];

type Paths = Record<string, Record<string, ZodOpenApiOperationObject>>;

/** The OpenAPI 3.1 document of all doors: each route's own part, and what every route has in common. */
export function createOpenApiDocument(dialects: readonly Dialect[]): ReturnType<typeof createDocument> {
  const paths: Paths = {};
  for (const dialect of dialects) {
    for (const route of dialect.routes)
      (paths[route.path] ??= {})[route.method] = operationOf(dialect, route);
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Volley',
      version: '0.1.0',
      description: "Courier's Bulk API, Bird's channels API and Volley's own, on one ledger.",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'This server' }],
    tags: dialects.map(({ name }) => ({ name, description: `The ${name} door` })),
    security: [{ bearer: [] }, { accessKey: [] }, { basic: [] }],
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'Authorization: Bearer <key>' },
        accessKey: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'Authorization: AccessKey <key>',
        },
        basic: { type: 'http', scheme: 'basic', description: 'The key as user or as password.' },
      },
    },
    paths: paths,
  });
}

function operationOf(dialect: Dialect, route: Route): ZodOpenApiOperationObject {
  const own = route.openapi;
  const added = route.kind === 'command' && route.method === 'post' ? IDEMPOTENCY_HEADERS : [];
  const path = own.requestParams?.path ?? pathParameters(route.path);
  return {
    tags: [dialect.name],
    ...own,
    ...(path ? { requestParams: { ...own.requestParams, path } } : {}),
    parameters: [...(own.parameters ?? []), ...added],
    responses: { ...errorResponses(dialect, route), ...own.responses },
  };
}

function pathParameters(path: string): z.ZodObject | undefined {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  return names.length === 0
    ? undefined
    : z.object(Object.fromEntries(names.map((name) => [name, z.string()])));
}

/** The refusals of a route by status, worded by its own door: what the document shows is what the door writes. */
function errorResponses(dialect: Dialect, route: Route): Record<string, ZodOpenApiResponseObject> {
  const responses: Record<
    string,
    { descriptions: string[]; examples: Record<string, { value: unknown }>; type: string }
  > = {};
  for (const error of refusalsOf(route)) {
    const { code } = error;
    const reply = dialect.writeError(error, REQUEST_ID_EXAMPLE);
    const headers = Object.entries(reply.headers ?? {});
    const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? 'application/json';
    const entry = (responses[String(reply.status)] ??= { descriptions: [], examples: {}, type });
    if (entry.examples[code] !== undefined) continue;
    entry.descriptions.push(error.message);
    entry.examples[code] = { value: reply.body };
  }
  const schema = dialect.errorSchema ?? z.looseObject({});
  return Object.fromEntries(
    Object.entries(responses).map(([status, { descriptions, examples, type }]) => [
      status,
      { description: descriptions.join(' '), content: { [type]: { schema, examples } } },
    ]),
  );
}

/** A body that can be read and not accepted is refused by another status than one that cannot be read, in some doors. */
function refusalsOf(route: Route): VolleyError[] {
  const refusals = [...codesOf(route)].map((code) => new VolleyError(code, DESCRIPTIONS[code]));
  if (route.method === 'get') return refusals;
  const details = [{ at: 'body.field', problem: 'Expected text without a NUL character.' }];
  return [...refusals, new VolleyError('invalid_request', DESCRIPTIONS.invalid_request, { details })];
}

function codesOf(route: Route): Set<ErrorCode> {
  const codes = new Set<ErrorCode>(['invalid_request', 'unauthorized', 'forbidden', ...(route.errors ?? [])]);
  if (route.path.includes('{')) codes.add('not_found');
  if (route.method !== 'get') codes.add('payload_too_large');
  if (route.kind === 'command' && route.method === 'post') {
    codes.add('idempotency_in_progress').add('idempotency_mismatch');
  }
  return codes.add('unavailable').add('internal');
}
