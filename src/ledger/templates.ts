import { isUuid } from '../domain/ids';
import { type TemplateContent } from '../domain/content';
import { type RejectReason } from '../domain/reasons';
import { one, type Db } from './database';

/** A published version: it never changes, so keeping its id is pinning it. */
export interface ResolvedTemplate {
  readonly templateId: string;
  readonly versionId: string;
  readonly number: number;
}

export type TemplateMiss = Extract<RejectReason, 'template_not_found' | 'template_unpublished'>;

interface VersionRow {
  id: string;
  number: number;
  published: boolean;
}

/** A number as versions have it: 1 to 9 digits, so that it fits the column. */
const VERSION_NUMBER = /^[1-9]\d{0,8}$/;

/**
 * The version that a message with this reference gets: the template by id, else by slug, else by alias (Courier's event),
 * within the workspace; of it the version named by id or number, or the newest published one (`latest`, absent).
 */
export async function resolveTemplate(
  db: Db,
  workspaceId: string,
  idOrSlugOrAlias: string,
  version?: string,
): Promise<ResolvedTemplate | TemplateMiss> {
  const templateId = await findTemplateId(db, workspaceId, idOrSlugOrAlias);
  if (templateId === undefined) return 'template_not_found';
  const named = version === undefined || version === 'latest' ? undefined : version;
  const row = await findVersion(db, templateId, named);
  if (!row) return named === undefined ? 'template_unpublished' : 'template_not_found';
  if (!row.published) return 'template_unpublished';
  return { templateId, versionId: row.id, number: row.number };
}

/**
 * What a version says. By its id alone, as it was pinned by `resolveTemplate` within its workspace.
 * @throws RangeError when there is no such version.
 */
export async function getTemplateVersion(db: Db, versionId: string): Promise<TemplateContent> {
  const rows = await db.query<{ content: TemplateContent }>(
    'select content from template_versions where id = $1',
    [versionId],
  );
  return one(rows).content;
}

/** One row at most: an id beats a slug, a slug beats an alias, and the older template beats the younger. */
export async function findTemplateId(
  db: Db,
  workspaceId: string,
  idOrSlugOrAlias: string,
): Promise<string | undefined> {
  const id = isUuid(idOrSlugOrAlias) ? idOrSlugOrAlias.toLowerCase() : null;
  const [row] = await db.query<{ id: string }>(
    `select id from templates
     where workspace_id = $1 and (id = $2::uuid or slug = $3 or aliases @> array[$3])
     order by (id = $2::uuid) desc nulls last, (slug = $3) desc, created_at, id limit 1`,
    [workspaceId, id, idOrSlugOrAlias],
  );
  return row?.id;
}

async function findVersion(
  db: Db,
  templateId: string,
  named: string | undefined,
): Promise<VersionRow | undefined> {
  const columns = 'id, number, published_at is not null as published';
  if (named === undefined) {
    const [row] = await db.query<VersionRow>(
      `select ${columns} from template_versions where template_id = $1 and published_at is not null
       order by number desc limit 1`,
      [templateId],
    );
    return row;
  }
  const id = isUuid(named) ? named.toLowerCase() : null;
  const number = VERSION_NUMBER.test(named) ? Number(named) : null;
  const [row] = await db.query<VersionRow>(
    `select ${columns} from template_versions where template_id = $1 and (id = $2::uuid or number = $3::int)`,
    [templateId, id, number],
  );
  return row;
}
