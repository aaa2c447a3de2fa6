import { z } from 'zod';
import { VolleyError } from '../../src/domain/errors';
import { type Db } from '../../src/ledger/database';
import { getWorkspace, type Workspace } from '../../src/ledger/workspaces';
import { createWorkspace } from '../../src/service/seed-workspace';
import { parseBody } from '../middleware/validation';
import { type CommandRoute } from '../route';
import { json, jsonBody, label, timestamp, uuid } from './openapi-parts';

const bodySchema = z.strictObject({
  name: label,
  organizationId: z.guid().optional().meta({ description: "Bird's organization, where there is one." }),
});

const workspaceSchema = z
  .object({ id: uuid, name: z.string(), organizationId: uuid.nullable(), createdAt: timestamp })
  .meta({ id: 'Workspace' });

/** A workspace that is there. Throws VolleyError not_found: the admin key may name any id. */
export async function requireWorkspace(db: Db, workspaceId: string): Promise<Workspace> {
  const workspace = await getWorkspace(db, workspaceId);
  if (workspace) return workspace;
  throw new VolleyError('not_found', 'There is no such workspace for this key.');
}

export const createWorkspaceRoute: CommandRoute = {
  kind: 'command',
  method: 'post',
  path: '/v1/workspaces',
  auth: 'admin',
  openapi: {
    operationId: 'createWorkspace',
    summary: 'Create a workspace',
    description:
      'Takes the admin key. The workspace starts with a sandbox channel of each kind and without a key.',
    requestBody: jsonBody(bodySchema, { name: 'Acme' }),
    responses: { '201': json('The workspace.', workspaceSchema) },
  },
  async handle(call, tx) {
    const input = parseBody(bodySchema, call.body);
    const id = await createWorkspace(tx, input);
    return {
      status: 201,
      headers: { Location: `/v1/workspaces/${id}` },
      body: await requireWorkspace(tx, id),
    };
  },
};
