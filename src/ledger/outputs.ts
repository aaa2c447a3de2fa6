import { createHash } from 'node:crypto';
import { type Rendered } from '../domain/content';
import { type Db } from './database';

interface Output {
  readonly deliveryId: string;
  readonly content: Rendered;
}

/** Keeps what one delivery says: see keepOutputs. */
export async function keepOutput(db: Db, output: Output & { workspaceId: string }): Promise<void> {
  const content = JSON.stringify(output.content);
  await db.query(
    `with words as (
       insert into rendered_contents (workspace_id, sha256, content) values ($1, $3, $4) on conflict do nothing
     )
     insert into delivery_outputs as o (workspace_id, delivery_id, sha256) values ($1, $2, $3)
     on conflict (delivery_id) do update set sha256 = excluded.sha256 where o.sha256 <> excluded.sha256`,
    [output.workspaceId, output.deliveryId, createHash('sha256').update(content).digest(), content],
    { prepared: true },
  );
}

/**
 * Keeps what deliveries say, word for word: the last attempt's words stand. Words that the workspace has sent before are not
 * kept twice. In the order of their hashes, so that two groups with the same words wait for each other in one order.
 */
export async function keepOutputs(db: Db, workspaceId: string, outputs: readonly Output[]): Promise<void> {
  if (outputs.length === 0) return;
  const contents = outputs.map(({ content }) => JSON.stringify(content));
  await db.query(
    `with given as materialized (
       select * from unnest($2::uuid[], $3::bytea[], $4::jsonb[]) g(delivery_id, sha256, content)
     ), words as (
       insert into rendered_contents (workspace_id, sha256, content)
       select distinct on (sha256) $1::uuid, sha256, content from given order by sha256 on conflict do nothing
     )
     insert into delivery_outputs as o (workspace_id, delivery_id, sha256)
     select $1::uuid, delivery_id, sha256 from given order by delivery_id
     on conflict (delivery_id) do update set sha256 = excluded.sha256 where o.sha256 <> excluded.sha256`,
    [
      workspaceId,
      outputs.map(({ deliveryId }) => deliveryId),
      contents.map((content) => createHash('sha256').update(content).digest()),
      contents,
    ],
  );
}
