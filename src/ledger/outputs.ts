import { createHash } from 'node:crypto';
import { type Rendered } from '../domain/content';
import { type Db } from './database';

/**
 * Keeps what a delivery says, word for word: the last attempt's words stand. Words that the workspace has sent before are
 * not kept twice.
 */
export async function keepOutput(
  db: Db,
  output: { workspaceId: string; deliveryId: string; content: Rendered },
): Promise<void> {
  const content = JSON.stringify(output.content);
  const sha256 = createHash('sha256').update(content).digest();
  await db.query(
    `with words as (
       insert into rendered_contents (workspace_id, sha256, content) values ($1, $3, $4) on conflict do nothing
     )
     insert into delivery_outputs as o (workspace_id, delivery_id, sha256) values ($1, $2, $3)
     on conflict (delivery_id) do update set sha256 = excluded.sha256 where o.sha256 <> excluded.sha256`,
    [output.workspaceId, output.deliveryId, sha256, content],
  );
}
