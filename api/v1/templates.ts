import { z } from 'zod';
import { VolleyError } from '../../src/domain/errors';
import { type Db } from '../../src/ledger/database';
import {
  getTemplate,
  publishDraft,
  putDraft,
  type Template,
  type TemplateRef,
} from '../../src/ledger/template-drafts';
import { templateContentSchema } from '../../src/templates/parse-template';
import { parseBody, parseInput } from '../middleware/validation';
import { type Call, type Route } from '../route';
import { json, jsonBody, slug, timestamp, uuid, workspacePath } from './openapi-parts';

const PATH = '/v1/workspaces/{workspaceId}/templates/{slug}';
const MAX_ALIASES = 50;

/** Also a UUID: Bird's project ids are aliases where a template moves over. */
const alias = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/, 'must be 1 to 100 letters, digits or . _ : -');

const bodySchema = z.strictObject({
  content: templateContentSchema,
  aliases: z
    .array(alias)
    .max(MAX_ALIASES)
    .transform((names) => [...new Set(names)])
    .optional()
    .meta({ description: "Other names: Courier's events, Bird's projects. Absent: as before." }),
  publish: z.boolean().default(false).meta({ description: 'Publish at once.' }),
});

const versionSchema = z.object({
  id: uuid,
  number: z.int(),
  content: z.unknown(),
  publishedAt: timestamp.nullable(),
});
const templateSchema = z
  .object({
    id: uuid,
    slug: z.string(),
    aliases: z.array(z.string()),
    draft: versionSchema.nullable(),
    published: versionSchema.nullable().meta({ description: 'The newest published version.' }),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Template' });

const EXAMPLE = {
  content: {
    defaultLocale: 'en',
    locales: { en: { default: { title: 'Hello', text: 'Hello {{ name }}' } } },
  },
  aliases: ['WELCOME'],
  publish: true,
};
const requestParams = { path: workspacePath.extend({ slug }) };

/** Stored templates: a draft that may change, and published versions that never do. */
export const templateRoutes: readonly Route[] = [
  {
    kind: 'command',
    method: 'put',
    path: PATH,
    auth: 'workspace',
    errors: ['already_exists'],
    openapi: {
      operationId: 'putTemplate',
      summary: 'Create a template or replace its draft',
      requestParams,
      requestBody: jsonBody(bodySchema, EXAMPLE),
      responses: {
        '200': json('The template as it is now.', templateSchema),
        '201': json('The new template.', templateSchema),
      },
    },
    async handle(call, tx) {
      const ref = { workspaceId: call.workspaceId, slug: parseInput(slug, call.params['slug'], 'slug') };
      const { content, aliases, publish } = parseBody(bodySchema, call.body);
      const { created } = await putDraft(tx, ref, { content, aliases });
      if (publish) await publishDraft(tx, ref);
      return { status: created ? 201 : 200, body: await requireTemplate(tx, ref) };
    },
  },
  {
    kind: 'read',
    method: 'get',
    path: PATH,
    auth: 'workspace',
    openapi: {
      operationId: 'getTemplate',
      summary: 'Get a template',
      requestParams,
      responses: { '200': json('Its draft and its newest published version.', templateSchema) },
    },
    async handle(call, db) {
      return { status: 200, body: await requireTemplate(db, refOf(call)) };
    },
  },
  {
    kind: 'command',
    method: 'post',
    path: `${PATH}/publish`,
    auth: 'workspace',
    openapi: {
      operationId: 'publishTemplate',
      summary: "Publish a template's draft",
      description:
        'Without a draft the newest published version stands. Jobs that were run keep the version they had.',
      requestParams,
      responses: { '200': json('The template as it is now.', templateSchema) },
    },
    async handle(call, tx) {
      const ref = refOf(call);
      if (!(await publishDraft(tx, ref))) throw noSuchTemplate();
      return { status: 200, body: await requireTemplate(tx, ref) };
    },
  },
];

function refOf(call: Call): TemplateRef {
  return { workspaceId: call.workspaceId, slug: call.params['slug'] ?? '' };
}

async function requireTemplate(db: Db, ref: TemplateRef): Promise<Template> {
  const template = await getTemplate(db, ref);
  if (!template) throw noSuchTemplate();
  return template;
}

function noSuchTemplate(): VolleyError {
  return new VolleyError('not_found', 'There is no such template in this workspace.');
}
