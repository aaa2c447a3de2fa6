import { type ChannelKind } from '../domain/kinds';
import { type PreferenceStatus } from '../domain/preferences';
import { type Db, type Tx } from './database';
import { userKey } from './fact-keys';
import { raiseFacts } from './suppressions';

export interface UserRef {
  readonly workspaceId: string;
  readonly userId: string;
  /** What was said as a member of this tenant; absent: what holds everywhere. */
  readonly tenantId?: string | undefined;
}

export interface TopicChoice {
  readonly status: PreferenceStatus;
  /** Kinds chosen; they count only while `hasChannels`. */
  readonly channels: readonly ChannelKind[] | null;
  readonly hasChannels: boolean;
}

/** A topic of the workspace as a person has it. */
export interface TopicPreference extends TopicChoice {
  readonly topicId: string;
  readonly topicName: string;
  readonly sectionId: string | null;
  readonly sectionName: string | null;
  readonly defaultStatus: PreferenceStatus;
}

/**
 * Every topic of the workspace, and those that the person chose for although the workspace has no such topic (any more). What
 * the person said as a member of the tenant comes before what they said in general.
 */
export async function listPreferences(db: Db, ref: UserRef, topicId?: string): Promise<TopicPreference[]> {
  return db.query<TopicPreference & Record<string, unknown>>(
    `with said as (
       select distinct on (topic_id) * from preferences
       where workspace_id = $1 and user_id = $2 and tenant_id = any($3::text[]) and ($4::text is null or topic_id = $4)
       order by topic_id, tenant_id desc
     ), known as (
       select * from topics where workspace_id = $1 and ($4::text is null or id = $4)
     )
     select coalesce(k.id, s.topic_id) as "topicId", coalesce(k.name, s.topic_id) as "topicName",
       k.section_id as "sectionId", k.section_name as "sectionName",
       coalesce(k.default_status, 'opted_in') as "defaultStatus",
       coalesce(s.status, k.default_status) as status, s.channels, coalesce(s.has_channels, false) as "hasChannels"
     from known k full join said s on s.topic_id = k.id
     order by 1`,
    [ref.workspaceId, ref.userId, [...new Set(['', ref.tenantId ?? ''])], topicId ?? null],
  );
}

/** Writes down what a person wants of a topic: honoured by every claim from the commit on. */
export async function setPreference(
  tx: Tx,
  ref: UserRef & { topicId: string },
  choice: TopicChoice,
): Promise<void> {
  await setPreferences(tx, ref, new Map([[ref.topicId, choice]]));
}

/** The same of several topics, by id; what the person said of others stays. One commit, one moment for every claim. */
export async function setPreferences(
  tx: Tx,
  ref: UserRef,
  choices: ReadonlyMap<string, TopicChoice>,
): Promise<void> {
  if (choices.size === 0) return;
  await writeChoices(tx, ref, choices);
  await raiseFacts(tx, ref.workspaceId, [userKey(ref.workspaceId, ref.userId)]);
}

/** In one order, so that two calls about one person do not wait for each other. */
async function writeChoices(tx: Tx, ref: UserRef, choices: ReadonlyMap<string, TopicChoice>): Promise<void> {
  for (const [topicId, choice] of [...choices].sort(([a], [b]) => (a < b ? -1 : 1))) {
    await writeChoice(tx, { ...ref, topicId }, choice);
  }
}

async function writeChoice(tx: Tx, ref: UserRef & { topicId: string }, choice: TopicChoice): Promise<void> {
  await tx.query(
    `insert into preferences (workspace_id, user_id, tenant_id, topic_id, status, channels, has_channels)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (workspace_id, user_id, topic_id, tenant_id) do update set status = excluded.status,
       channels = excluded.channels, has_channels = excluded.has_channels, updated_at = ledger_now()`,
    [
      ...[ref.workspaceId, ref.userId, ref.tenantId ?? '', ref.topicId],
      ...[choice.status, choice.channels, choice.hasChannels],
    ],
  );
}

/**
 * Makes these all that a person said (in general, or as a member of the tenant), but for what was said of the topics `untouched`.
 * One commit, one moment for every claim.
 * @returns the topics that the person had said something of, and of which nothing holds any more.
 */
export async function replacePreferences(
  tx: Tx,
  ref: UserRef,
  choices: ReadonlyMap<string, TopicChoice>,
  untouched: readonly string[] = [],
): Promise<string[]> {
  const gone = await tx.query<{ topic_id: string }>(
    `delete from preferences
     where workspace_id = $1 and user_id = $2 and tenant_id = $3 and topic_id <> all($4::text[]) returning topic_id`,
    [ref.workspaceId, ref.userId, ref.tenantId ?? '', [...choices.keys(), ...untouched]],
  );
  await writeChoices(tx, ref, choices);
  await raiseFacts(tx, ref.workspaceId, [userKey(ref.workspaceId, ref.userId)]);
  return gone.map(({ topic_id }) => topic_id).sort();
}

/** Forgets what a person said about a topic: the topic's default counts again. */
export async function forgetPreference(tx: Tx, ref: UserRef & { topicId: string }): Promise<boolean> {
  const gone = await tx.query(
    `delete from preferences where workspace_id = $1 and user_id = $2 and tenant_id = $3 and topic_id = $4 returning 1`,
    [ref.workspaceId, ref.userId, ref.tenantId ?? '', ref.topicId],
  );
  await raiseFacts(tx, ref.workspaceId, [userKey(ref.workspaceId, ref.userId)]);
  return gone.length > 0;
}
