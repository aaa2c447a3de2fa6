import { v7 as uuidv7 } from 'uuid';
import { type BrandContent } from '../domain/content';
import { one, type Db } from './database';

export interface Brand {
  readonly id: string;
  readonly slug: string;
  readonly content: BrandContent;
  /** Rises with every change. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const COLUMNS = `id, slug, content, version, created_at as "createdAt", updated_at as "updatedAt"`;

/** What a brand says: what a message pins. By slug or id; undefined where the workspace has none. */
export async function getBrand(
  db: Db,
  workspaceId: string,
  slugOrId: string,
): Promise<BrandContent | undefined> {
  return (await readBrand(db, workspaceId, slugOrId))?.content;
}

/** A brand by slug, or by id (Courier's clients send either). Undefined where the workspace has none. */
export async function readBrand(db: Db, workspaceId: string, slugOrId: string): Promise<Brand | undefined> {
  const [row] = await db.query<Brand & { id: string }>(
    `select ${COLUMNS} from brands where workspace_id = $1 and (slug = $2 or id::text = lower($2))
     order by (slug = $2) desc limit 1`,
    [workspaceId, slugOrId],
  );
  return row;
}

/** Makes a brand or replaces what it says. `created` tells which. */
export async function putBrand(
  db: Db,
  input: { workspaceId: string; slug: string; content: BrandContent },
): Promise<{ brand: Brand; created: boolean }> {
  const rows = await db.query<Brand & { id: string; created: boolean }>(
    // xmax is 0 only for a row that was inserted, not updated.
    `insert into brands (id, workspace_id, slug, content) values ($1, $2, $3, $4)
     on conflict (workspace_id, slug) do update set content = excluded.content, version = brands.version + 1,
       updated_at = ledger_now()
     returning ${COLUMNS}, xmax = 0 as created`,
    [uuidv7(), input.workspaceId, input.slug, JSON.stringify(input.content)],
  );
  const { created, ...brand } = one(rows);
  return { brand, created };
}

/** Puts a brand there once: one that the workspace has changed stays as it is. */
export async function seedBrand(
  db: Db,
  input: { id: string; workspaceId: string; slug: string; content: BrandContent },
): Promise<void> {
  await db.query(
    'insert into brands (id, workspace_id, slug, content) values ($1, $2, $3, $4) on conflict do nothing',
    [input.id, input.workspaceId, input.slug, JSON.stringify(input.content)],
  );
}
