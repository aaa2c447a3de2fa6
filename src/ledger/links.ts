import { type Db } from './database';

/** Keeps where links lead. A row that is there already says the same: an id is the hash of its URL. */
export async function keepLinks(
  db: Db,
  workspaceId: string,
  rows: readonly { readonly id: Buffer; readonly url: string }[],
): Promise<void> {
  // In one order everywhere, so that two messages with the same links never wait for each other in a circle.
  await db.query(
    `insert into links (workspace_id, id, url) select $1, id, url from unnest($2::bytea[], $3::text[]) as g(id, url)
     order by id on conflict do nothing`,
    [workspaceId, rows.map(({ id }) => id), rows.map(({ url }) => url)],
  );
}

/** Keeps short links of one message; again changes nothing, since an id is of domain, message and URL. */
export async function keepShortLinks(
  db: Db,
  workspaceId: string,
  rows: readonly {
    readonly domain: string;
    readonly id: string;
    readonly messageId: string;
    readonly url: string;
  }[],
): Promise<void> {
  await db.query(
    `insert into short_links (domain, id, workspace_id, message_id, url)
     select domain, id, $1, message_id, url from unnest($2::text[], $3::text[], $4::uuid[], $5::text[]) as g(domain, id, message_id, url)
     order by domain, id on conflict do nothing`,
    [
      workspaceId,
      ...(['domain', 'id', 'messageId', 'url'] as const).map((name) => rows.map((row) => row[name])),
    ],
  );
}

/** The URL with this id in the workspace of the message; undefined where either is not there. */
export async function findLink(db: Db, messageId: string, linkId: Buffer): Promise<string | undefined> {
  const [row] = await db.query<{ url: string }>(
    `select l.url from message_states s join links l on l.workspace_id = s.workspace_id and l.id = $2 where s.message_id = $1`,
    [messageId, linkId],
  );
  return row?.url;
}

export async function findShortLink(
  db: Db,
  domain: string,
  id: string,
): Promise<{ messageId: string; url: string } | undefined> {
  const [row] = await db.query<{ messageId: string; url: string }>(
    'select message_id as "messageId", url from short_links where domain = $1 and id = $2',
    [domain, id],
  );
  return row;
}
