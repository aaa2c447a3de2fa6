import { z } from 'zod';
import { VolleyError } from '../../src/domain/errors';
import { isUuid } from '../../src/domain/ids';
import { issueKey, listKeys, revokeKey } from '../../src/ledger/keys';
import { parseInput } from '../middleware/validation';
import { type Route } from '../route';
import { json, jsonBody, label, timestamp, uuid, workspacePath } from './openapi-parts';
import { requireWorkspace } from './workspaces';

const PATH = '/v1/workspaces/{workspaceId}/keys';

const bodySchema = z.strictObject({ name: label.default('API key') });

const keySchema = z
  .object({
    id: uuid,
    name: z.string(),
    prefix: z.string().meta({ description: 'The start of the key, to recognise it by.' }),
    createdAt: timestamp,
    lastUsedAt: timestamp.nullable().meta({ description: 'Exact to the minute.' }),
    revokedAt: timestamp.nullable(),
  })
  .meta({ id: 'ApiKey' });
const createdSchema = keySchema
  .extend({
    key: z.string().optional().meta({ description: 'The key itself. A repetition comes without it.' }),
  })
  .meta({ id: 'CreatedApiKey' });

/** Keys of a workspace: made and ended by a key of it, or by the admin key (which makes the first). */
export const keyRoutes: readonly Route[] = [
  {
    kind: 'command',
    method: 'post',
    path: PATH,
    auth: 'both',
    // A repetition gets everything but the key: it was shown once, and lies nowhere to be shown again.
    kept: (body) => ({ ...(body as object), key: undefined }),
    openapi: {
      operationId: 'createKey',
      summary: 'Create an API key',
      description:
        'The key is in this answer and nowhere else. A repetition by Idempotency-Key leaves it out.',
      requestBody: { ...jsonBody(bodySchema, { name: 'CI' }), required: false },
      responses: { '201': json('The key, shown this once.', createdSchema) },
    },
    async handle(call, tx) {
      const { name } = parseInput(bodySchema, call.body ?? {});
      await requireWorkspace(tx, call.workspaceId);
      return { status: 201, body: await issueKey(tx, { workspaceId: call.workspaceId, name }) };
    },
  },
  {
    kind: 'read',
    method: 'get',
    path: PATH,
    auth: 'both',
    openapi: {
      operationId: 'listKeys',
      summary: 'List API keys',
      responses: {
        '200': json('All keys, revoked ones too, oldest first.', z.object({ keys: z.array(keySchema) })),
      },
    },
    async handle(call, db) {
      await requireWorkspace(db, call.workspaceId);
      return { status: 200, body: { keys: await listKeys(db, call.workspaceId) } };
    },
  },
  {
    kind: 'command',
    method: 'delete',
    path: `${PATH}/{keyId}`,
    auth: 'both',
    openapi: {
      operationId: 'revokeKey',
      summary: 'Revoke an API key',
      description: 'Works at once: the next call with this key is refused.',
      requestParams: { path: workspacePath.extend({ keyId: uuid }) },
      responses: { '204': { description: 'Revoked, now or before.' } },
    },
    async handle(call, tx) {
      const keyId = call.params['keyId'] ?? '';
      const revoked = isUuid(keyId) && (await revokeKey(tx, { workspaceId: call.workspaceId, keyId }));
      if (!revoked) throw new VolleyError('not_found', 'There is no such key in this workspace.');
      return { status: 204 };
    },
  },
];
