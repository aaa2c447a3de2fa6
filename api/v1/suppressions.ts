import { z } from 'zod';
import { VolleyError } from '../../src/domain/errors';
import { isUuid } from '../../src/domain/ids';
import { CHANNEL_KINDS } from '../../src/domain/kinds';
import {
  liftSuppression,
  listSuppressions,
  suppressAll,
  SUPPRESSION_REASONS,
} from '../../src/ledger/suppressions';
import { parseBody, parseQueryInput } from '../middleware/validation';
import { type CommandRoute, type ReadRoute, type Route } from '../route';
import { json, jsonBody, timestamp, uuid, workspacePath } from './openapi-parts';

const PATH = '/v1/workspaces/{workspaceId}/suppressions';
const ITEM_PATH = `${PATH}/{suppressionId}`;
const ADDRESS_MAX_CHARS = 2_048;
/** As many as one transaction takes in about a second: every claim waits for it at the end. */
const IMPORT_MAX = 10_000;
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

const kind = z.enum(CHANNEL_KINDS);
const address = z.string().trim().min(1).max(ADDRESS_MAX_CHARS).meta({ example: 'jane@example.com' });
const reason = z.enum(SUPPRESSION_REASONS);

const newSchema = z.strictObject({
  kind,
  address,
  reason: reason.default('manual').meta({
    description:
      'An unsubscription does not stop messages of a required topic or transactional ones; the others do.',
  }),
});
const bodySchema = z
  .union([newSchema, z.array(newSchema).min(1).max(IMPORT_MAX)], {
    error: `must be a suppression {kind, address, reason}, or an array of 1 to ${IMPORT_MAX}`,
  })
  .meta({ id: 'NewSuppressions' });

const suppressionSchema = z
  .object({
    ...{ id: uuid, kind, address: z.string().nullable(), reason },
    source: z.string().meta({ description: 'Who said so: a provider, `api` or `import`.' }),
    createdAt: timestamp,
  })
  .meta({ id: 'Suppression' });
const addedSchema = z.object({
  total: z.int().meta({ description: 'Different addresses in the request.' }),
  added: z.int().meta({ description: 'Those of them that were not suppressed before.' }),
});
const pageSchema = z.object({ suppressions: z.array(suppressionSchema), cursor: z.string().nullable() });

const querySchema = z.object({
  limit: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(MAX_LIMIT))
    .default(DEFAULT_LIMIT)
    .meta({ description: `1 to ${MAX_LIMIT}, ${DEFAULT_LIMIT} where absent.` }),
  cursor: z.guid('must be a cursor as the last page gave it').optional(),
  reason: reason.optional(),
  kind: kind.optional().meta({ description: 'With address: whether this one is suppressed.' }),
  address: address.optional(),
});

const addRoute: CommandRoute = {
  ...{ kind: 'command', method: 'post', path: PATH, auth: 'workspace' },
  openapi: {
    operationId: 'addSuppressions',
    summary: 'Suppress addresses',
    description:
      'One, or an import of up to 10,000. Nothing is sent to them once this has answered; an attempt that had begun ends as it ends.',
    requestBody: jsonBody(bodySchema, { kind: 'email', address: 'jane@example.com', reason: 'manual' }),
    responses: { '200': json('All of them are suppressed.', addedSchema) },
  },
  async handle(call, tx) {
    const given = parseBody(bodySchema, call.body);
    const list = Array.isArray(given) ? given : [given];
    const source = Array.isArray(given) ? 'import' : 'api';
    const { workspaceId } = call;
    const counts = await suppressAll(
      tx,
      list.map((one) => ({ ...one, workspaceId, source })),
    );
    return { status: 200, body: counts };
  },
};

const listRoute: ReadRoute = {
  ...{ kind: 'read', method: 'get', path: PATH, auth: 'workspace' },
  openapi: {
    operationId: 'listSuppressions',
    summary: 'List or export suppressed addresses',
    requestParams: { path: workspacePath, query: querySchema },
    responses: { '200': json('A page, oldest first; cursor is null at the end.', pageSchema) },
  },
  async handle(call, db) {
    const {
      limit,
      cursor,
      kind: ofKind,
      address: of,
      reason: why,
    } = parseQueryInput(querySchema, call.query);
    if ((ofKind === undefined) !== (of === undefined)) {
      throw new VolleyError(
        'invalid_request',
        'Give kind and address together: an address is one of its kind.',
      );
    }
    const rows = await listSuppressions(db, {
      workspaceId: call.workspaceId,
      limit: limit + 1,
      ...(cursor === undefined ? {} : { afterId: cursor }),
      ...(why === undefined ? {} : { reason: why }),
      ...(ofKind === undefined || of === undefined ? {} : { address: { kind: ofKind, address: of } }),
    });
    const suppressions = rows.slice(0, limit);
    const last = rows.length > limit ? suppressions.at(-1) : undefined;
    return { status: 200, body: { suppressions, cursor: last ? last.id : null } };
  },
};

const liftRoute: CommandRoute = {
  ...{ kind: 'command', method: 'delete', path: ITEM_PATH, auth: 'workspace' },
  openapi: {
    operationId: 'deleteSuppression',
    summary: 'Lift a suppression',
    requestParams: { path: workspacePath.extend({ suppressionId: uuid }) },
    responses: { '204': { description: 'The address may be sent to again.' } },
  },
  async handle(call, tx) {
    const id = call.params['suppressionId'] ?? '';
    const lifted = isUuid(id) && (await liftSuppression(tx, { workspaceId: call.workspaceId, id }));
    if (!lifted) throw new VolleyError('not_found', 'There is no such suppression in this workspace.');
    return { status: 204 };
  },
};

/** The addresses of a workspace that get nothing any more. */
export const suppressionRoutes: readonly Route[] = [addRoute, listRoute, liftRoute];
