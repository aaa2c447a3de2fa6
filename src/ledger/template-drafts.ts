import { v7 as uuidv7 } from 'uuid';
import { VolleyError } from '../domain/errors';
import { type TemplateContent } from '../domain/content';
import { one, type Db, type Tx } from './database';
import { lockWorkspace } from './workspaces';

export interface TemplateVersion {
  readonly id: string;
  readonly number: number;
  readonly content: TemplateContent;
  readonly publishedAt: Date | null;
}

/** A template as its owner edits it: at most one draft, and the newest published version. */
export interface Template {
  readonly id: string;
  readonly slug: string;
  readonly aliases: readonly string[];
  readonly draft: TemplateVersion | null;
  readonly published: TemplateVersion | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface TemplateRef {
  readonly workspaceId: string;
  readonly slug: string;
}

/** The template of this slug; undefined where the workspace has none. */
export async function getTemplate(db: Db, ref: TemplateRef): Promise<Template | undefined> {
  const [row] = await db.query<Omit<Template, 'draft' | 'published'> & { id: string }>(
    `select id, slug, aliases, created_at as "createdAt", updated_at as "updatedAt"
     from templates where workspace_id = $1 and slug = $2`,
    [ref.workspaceId, ref.slug],
  );
  if (!row) return undefined;
  // The newest of each sort: two rows at most.
  const versions = await db.query<TemplateVersion & { id: string }>(
    `select distinct on (published_at is null) id, number, content, published_at as "publishedAt"
     from template_versions where template_id = $1 order by published_at is null, number desc`,
    [row.id],
  );
  return {
    ...row,
    draft: versions.find((version) => version.publishedAt === null) ?? null,
    published: versions.find((version) => version.publishedAt !== null) ?? null,
  };
}

/**
 * Makes the template or replaces its draft; published versions stay as they are. Aliases that are not given stay.
 * Throws VolleyError already_exists when another template of the workspace has the slug or an alias as its name.
 */
export async function putDraft(
  tx: Tx,
  ref: TemplateRef,
  input: { content: TemplateContent; aliases?: readonly string[] | undefined },
): Promise<{ created: boolean }> {
  await lockWorkspace(tx, ref.workspaceId);
  await requireFreeNames(tx, ref, [ref.slug, ...(input.aliases ?? [])]);
  const { id, created } = one(
    await tx.query<{ id: string; created: boolean }>(
      // xmax is 0 only for a row that was inserted, not updated.
      `insert into templates (id, workspace_id, slug, aliases) values ($1, $2, $3, coalesce($4::text[], '{}'))
       on conflict (workspace_id, slug) do update set aliases = coalesce($4::text[], templates.aliases), updated_at = ledger_now()
       returning id, xmax = 0 as created`,
      [uuidv7(), ref.workspaceId, ref.slug, input.aliases ?? null],
    ),
  );
  const replaced = await tx.query(
    'update template_versions set content = $2 where template_id = $1 and published_at is null returning id',
    [id, JSON.stringify(input.content)],
  );
  if (replaced.length === 0) {
    await tx.query(
      `insert into template_versions (id, template_id, number, content)
       select $1, $2, coalesce(max(number), 0) + 1, $3 from template_versions where template_id = $2`,
      [uuidv7(), id, JSON.stringify(input.content)],
    );
  }
  return { created };
}

/** Publishes the draft; without one the newest published version stands, so again is no error. False: no such template. */
export async function publishDraft(tx: Tx, ref: TemplateRef): Promise<boolean> {
  const [template] = await tx.query<{ id: string }>(
    'update templates set updated_at = ledger_now() where workspace_id = $1 and slug = $2 returning id',
    [ref.workspaceId, ref.slug],
  );
  if (!template) return false;
  await tx.query(
    'update template_versions set published_at = ledger_now() where template_id = $1 and published_at is null',
    [template.id],
  );
  return true;
}

/** Puts a template with one published version there once: one that the workspace has changed stays as it is. */
export async function seedTemplate(
  tx: Tx,
  input: TemplateRef & {
    id: string;
    versionId: string;
    aliases: readonly string[];
    content: TemplateContent;
  },
): Promise<void> {
  const inserted = await tx.query(
    `insert into templates (id, workspace_id, slug, aliases) values ($1, $2, $3, $4) on conflict do nothing returning id`,
    [input.id, input.workspaceId, input.slug, input.aliases],
  );
  if (inserted.length === 0) return;
  await tx.query(
    `insert into template_versions (id, template_id, number, content, published_at) values ($1, $2, 1, $3, ledger_now())`,
    [input.versionId, input.id, JSON.stringify(input.content)],
  );
}

/** One name, one template: else it would be chance which one an event sends. */
async function requireFreeNames(tx: Tx, ref: TemplateRef, names: readonly string[]): Promise<void> {
  const [taken] = await tx.query<{ slug: string; name: string }>(
    `select t.slug, n.name from templates t join unnest($3::text[]) as n(name) on n.name = t.slug or t.aliases @> array[n.name]
     where t.workspace_id = $1 and t.slug <> $2 limit 1`,
    [ref.workspaceId, ref.slug, names],
  );
  if (!taken) return;
  throw new VolleyError(
    'already_exists',
    `The name "${taken.name}" belongs to the template "${taken.slug}": choose another, or take it away there first.`,
  );
}
