import { type Db } from '../../src/ledger/database';
import { requiredTopics } from '../../src/ledger/topics';

interface Wish {
  readonly topic_id: string;
  readonly status: string;
}

const NO_OPT_OUT = 'nobody can opt out of a topic that is REQUIRED by default';
const NO_CHOICE = 'REQUIRED is no choice of a user: give OPTED_IN or OPTED_OUT';

interface Judged<W extends Wish> {
  /** To be written down. */
  readonly choices: readonly W[];
  /** Topics that stay as they are: REQUIRED is what a GET has of them, whatever is stored, and comes back with what it had. */
  readonly untouched: readonly string[];
  readonly refused: readonly (W & { readonly problem: string })[];
}

/**
 * Which wishes can be had: "the API rejects opting a user out of a REQUIRED topic" (courier-node v9.1.0,
 * `PreferenceUpdateOrCreateTopicParams`). The gates pass over such an opt-out, so taking it would be a lie.
 */
export async function judgeWishes<W extends Wish>(
  db: Db,
  workspaceId: string,
  wishes: readonly W[],
): Promise<Judged<W>> {
  const asked = wishes.filter(({ status }) => status !== 'OPTED_IN').map(({ topic_id }) => topic_id);
  const required = asked.length === 0 ? new Set<string>() : await requiredTopics(db, workspaceId, asked);
  const isUntouched = ({ topic_id, status }: Wish) => status === 'REQUIRED' && required.has(topic_id);
  const judged = wishes
    .filter((wish) => !isUntouched(wish))
    .map((wish) => ({ wish, problem: problemOf(wish, required) }));
  return {
    choices: judged.filter(({ problem }) => problem === undefined).map(({ wish }) => wish),
    untouched: wishes.filter(isUntouched).map(({ topic_id }) => topic_id),
    refused: judged.flatMap(({ wish, problem }) => (problem === undefined ? [] : [{ ...wish, problem }])),
  };
}

function problemOf({ topic_id, status }: Wish, required: ReadonlySet<string>): string | undefined {
  if (status === 'REQUIRED') return NO_CHOICE;
  return status === 'OPTED_OUT' && required.has(topic_id) ? NO_OPT_OUT : undefined;
}
