import { VolleyError } from '../domain/errors';
import { type Db, type Tx } from './database';

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

/** Where a short link leads. Those of a workspace that gave its domain up lead there until another takes it. */
export async function findShortLink(
  db: Db,
  domain: string,
  id: string,
): Promise<{ messageId: string; url: string } | undefined> {
  const [row] = await db.query<{ messageId: string; url: string }>(
    `select l.message_id as "messageId", l.url from short_links l where l.domain = $1 and l.id = $2
       and (exists (select from workspaces w where w.id = l.workspace_id and ${HAS_DOMAIN})
            or not exists (select from workspaces w where ${HAS_DOMAIN}))`,
    [domain, id],
  );
  return row;
}

const HAS_DOMAIN = `w.settings -> 'shortLinkDomains' ? $1`;
/** One number for the advisory lock under which workspaces name domains. */
const DOMAINS_LOCK = 5_163_407;

/**
 * A domain is of one workspace, the first that names it: links of another would lead from it to wherever they like.
 * @throws VolleyError already_exists where another workspace has one of them.
 */
export async function requireFreeDomains(
  tx: Tx,
  workspaceId: string,
  domains: readonly string[],
): Promise<void> {
  if (domains.length === 0) return;
  await tx.query('select pg_advisory_xact_lock($1)', [DOMAINS_LOCK]);
  const [taken] = await tx.query<{ domain: string }>(
    `select domain from unnest($2::text[]) domain
     where exists (select from workspaces w where w.id <> $1 and w.settings -> 'shortLinkDomains' ? domain) limit 1`,
    [workspaceId, domains],
  );
  if (taken)
    throw new VolleyError(
      'already_exists',
      `${taken.domain} is a short link domain of another workspace: a domain is of one alone.`,
    );
}
