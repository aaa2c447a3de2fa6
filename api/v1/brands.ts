import { z } from 'zod';
import { VolleyError } from '../../src/domain/errors';
import { putBrand, readBrand } from '../../src/ledger/brands';
import { brandContentSchema } from '../../src/templates/parse-template';
import { parseBody, parseInput } from '../middleware/validation';
import { type Route } from '../route';
import { json, jsonBody, slug, timestamp, uuid, workspacePath } from './openapi-parts';

const PATH = '/v1/workspaces/{workspaceId}/brands/{slug}';

const brandSchema = z
  .object({
    id: uuid,
    slug: z.string(),
    content: z.unknown(),
    version: z.int().meta({ description: 'Rises with every change.' }),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Brand' });

const bodySchema = z.strictObject({ content: brandContentSchema });
const requestParams = { path: workspacePath.extend({ slug }) };
const EXAMPLE = { content: { name: 'Acme', colors: { primary: '#1f5eff' } } };

/** Brands: what every e-mail of a workspace has around it. */
export const brandRoutes: readonly Route[] = [
  {
    kind: 'command',
    method: 'put',
    path: PATH,
    auth: 'workspace',
    openapi: {
      operationId: 'putBrand',
      summary: 'Create or replace a brand',
      requestParams,
      requestBody: jsonBody(bodySchema, EXAMPLE),
      responses: {
        '200': json('The brand as it is now.', brandSchema),
        '201': json('The new brand.', brandSchema),
      },
    },
    async handle(call, tx) {
      const name = parseInput(slug, call.params['slug'], 'slug');
      const { content } = parseBody(bodySchema, call.body);
      const { brand, created } = await putBrand(tx, { workspaceId: call.workspaceId, slug: name, content });
      return { status: created ? 201 : 200, body: brand };
    },
  },
  {
    kind: 'read',
    method: 'get',
    path: PATH,
    auth: 'workspace',
    openapi: {
      operationId: 'getBrand',
      summary: 'Get a brand',
      requestParams,
      responses: { '200': json('The brand.', brandSchema) },
    },
    async handle(call, db) {
      const brand = await readBrand(db, call.workspaceId, call.params['slug'] ?? '');
      if (!brand) throw new VolleyError('not_found', 'There is no such brand in this workspace.');
      return { status: 200, body: brand };
    },
  },
];
