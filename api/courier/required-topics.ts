import { type Db } from '../../src/ledger/database';
import { requiredTopics } from '../../src/ledger/topics';
import { invalidRequest } from './validate';

interface Wish {
  readonly topic_id: string;
  readonly status: string;
}

export const NO_OPT_OUT = 'nobody can opt out of a topic that is REQUIRED by default';

/**
 * The topics among these that are opted out of and cannot be: "the API rejects opting a user out of a REQUIRED topic"
 * (courier-node v9.1.0, `PreferenceUpdateOrCreateTopicParams`). The gates pass over such an opt-out, so taking it would be a lie.
 */
export async function optOutsOfRequired(
  db: Db,
  workspaceId: string,
  wishes: readonly Wish[],
): Promise<ReadonlySet<string>> {
  const optedOut = wishes.filter(({ status }) => status === 'OPTED_OUT').map(({ topic_id }) => topic_id);
  return optedOut.length === 0 ? new Set() : requiredTopics(db, workspaceId, optedOut);
}

/** Throws invalid_request that names each of them; `at`: where the wish stands in the body. */
export async function refuseOptOuts(
  db: Db,
  workspaceId: string,
  wishes: readonly (Wish & { readonly at: string })[],
): Promise<void> {
  const required = await optOutsOfRequired(db, workspaceId, wishes);
  const wrong = wishes.filter(({ topic_id, status }) => status === 'OPTED_OUT' && required.has(topic_id));
  if (wrong.length > 0) {
    throw invalidRequest(wrong.map(({ at }) => ({ at: `${at}.status`, problem: NO_OPT_OUT })));
  }
}
