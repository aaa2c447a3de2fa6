import { type PreferenceStatus } from '../domain/preferences';
import { type Db, type Tx } from './database';
import { workspaceKey } from './fact-keys';
import { raiseFacts } from './suppressions';

/** Something that people can subscribe to, and what those get who said nothing. */
export interface Topic {
  readonly id: string;
  readonly name: string;
  readonly sectionId: string | null;
  readonly sectionName: string | null;
  readonly defaultStatus: PreferenceStatus;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const COLUMNS = `id, name, section_id as "sectionId", section_name as "sectionName", default_status as "defaultStatus",
  created_at as "createdAt", updated_at as "updatedAt"`;

export async function getTopic(db: Db, workspaceId: string, id: string): Promise<Topic | undefined> {
  const [topic] = await db.query<Topic & Record<string, unknown>>(
    `select ${COLUMNS} from topics where workspace_id = $1 and id = $2`,
    [workspaceId, id],
  );
  return topic;
}

/** Those of the topics that people get whatever they say of them. */
export async function requiredTopics(
  db: Db,
  workspaceId: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await db.query<{ id: string }>(
    `select id from topics where workspace_id = $1 and id = any($2::text[]) and default_status = 'required'`,
    [workspaceId, ids],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Makes the topic what is given here. A changed default holds from the commit on. */
export async function putTopic(
  tx: Tx,
  workspaceId: string,
  topic: Omit<Topic, 'createdAt' | 'updatedAt'>,
): Promise<void> {
  await tx.query(
    `insert into topics (workspace_id, id, name, section_id, section_name, default_status) values ($1, $2, $3, $4, $5, $6)
     on conflict (workspace_id, id) do update set name = excluded.name, section_id = excluded.section_id,
       section_name = excluded.section_name, default_status = excluded.default_status, updated_at = ledger_now()`,
    [workspaceId, topic.id, topic.name, topic.sectionId, topic.sectionName, topic.defaultStatus],
  );
  await raiseFacts(tx, workspaceId, [workspaceKey(workspaceId)]);
}
