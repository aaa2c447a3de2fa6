import { createHash } from 'node:crypto';
import { type Rendered } from '../domain/content';
import { type Db } from './database';

/** What a delivery says, as it is kept. */
export interface Words {
  readonly sha256: Buffer;
  /** JSON. */
  readonly content: string;
}

export function wordsOf(rendered: Rendered): Words {
  const content = JSON.stringify(rendered);
  return { sha256: createHash('sha256').update(content).digest(), content };
}

/**
 * Keeps what a delivery says, word for word: the last attempt's words stand. Words that the workspace has sent before are not
 * kept twice. A group's are kept by its claim (SQL: claim_page).
 */
export async function keepOutput(
  db: Db,
  output: { readonly workspaceId: string; readonly deliveryId: string; readonly content: Rendered },
): Promise<void> {
  const { sha256, content } = wordsOf(output.content);
  await db.query(
    `with words as (
       insert into rendered_contents (workspace_id, sha256, content) values ($1, $3, $4) on conflict do nothing
     )
     update deliveries set words = $3 where id = $2 and words is distinct from $3`,
    [output.workspaceId, output.deliveryId, sha256, content],
    { prepared: true },
  );
}
