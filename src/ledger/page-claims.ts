import {
  orRefused,
  SETTLEMENT,
  type Claimed,
  type Refusal,
  type Refused,
  type Seal,
  type Settlement,
} from './attempts';
import { byteaArray, int4Array, jsonbArray, textArray, uuidArray } from './binary-arrays';
import { type Db } from './database';
import { type Words } from './outputs';
import { type PageClaim } from './page-shards';

/** One attempt, as the gates let it pass. */
export interface GroupClaim {
  readonly messageId: string;
  /** The id of the delivery if this is the first attempt over its route. */
  readonly deliveryId: string;
  readonly attemptId: string;
  readonly route: number;
  readonly channelId: string;
  readonly kind: string;
  readonly provider: string;
  readonly timeoutMs: number;
  readonly seal: Seal;
  readonly words: Words;
}

/** Why one of a group was not begun. `begun_before`: its key is in doubt, or its route has moved on: not for a group. */
export interface NotBegun {
  readonly refused: Refusal | 'begun_before';
  readonly waitMs: number;
}

/** An attempt that was begun with its group. */
export interface GroupBegun extends Claimed {
  /** Attempts that counted before this one. */
  readonly attempts: number;
  readonly sinceFirstAttemptMs: number;
}

export interface GroupAnswer {
  readonly refused?: undefined;
  /** By message id, as is `notBegun`: each of the group is in one of the two. */
  readonly begun: ReadonlyMap<string, GroupBegun>;
  readonly notBegun: ReadonlyMap<string, NotBegun>;
}

interface ClaimRow {
  readonly message_id: string;
  readonly refused: NotBegun['refused'] | null;
  readonly wait_ms: number;
  readonly delivery_id: string;
  readonly generation: number;
  readonly number: number;
  readonly attempts: number;
  readonly since_first_ms: number;
  readonly [key: string]: unknown;
}

/**
 * Begins attempts of a group in one transaction, and keeps what they say (SQL: claim_page).
 * @returns who was begun and who not; or the refusal of them all: paused, canceled, not_running, fenced, facts_changed.
 */
export async function claimPage(
  db: Db,
  page: PageClaim,
  group: readonly GroupClaim[],
  input: { readonly owner: string; readonly marginMs: number },
): Promise<Refused | GroupAnswer> {
  const each = <T>(pick: (claim: GroupClaim) => T): T[] => group.map(pick);
  const words = distinctWords(group);
  return orRefused(async () => {
    const rows = await db.query<ClaimRow>(
      'select * from claim_page($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)',
      [
        ...[page.jobId, page.generation, page.n, page.claim, input.owner, input.marginMs],
        uuidArray(each((c) => c.messageId)),
        uuidArray(each((c) => c.deliveryId)),
        uuidArray(each((c) => c.attemptId)),
        int4Array(each((c) => c.route)),
        uuidArray(each((c) => c.channelId)),
        textArray(each((c) => c.kind)),
        textArray(each((c) => c.provider)),
        int4Array(each((c) => c.timeoutMs)),
        byteaArray(each((c) => c.words.sha256)),
        byteaArray(words.map(({ sha256 }) => sha256)),
        jsonbArray(words.map(({ content }) => content)),
        byteaArray(group.flatMap(({ seal }) => seal.facts.map((hex) => Buffer.from(hex, 'hex')))),
        group.reduce((sum, { seal }) => sum + seal.version, 0),
      ],
      { prepared: true },
    );
    return answerOf(group, rows);
  });
}

function answerOf(group: readonly GroupClaim[], rows: readonly ClaimRow[]): GroupAnswer {
  const begun = new Map<string, GroupBegun>();
  const notBegun = new Map<string, NotBegun>();
  for (const row of rows) {
    const { message_id: id, refused } = row;
    if (refused) notBegun.set(id, { refused, waitMs: row.wait_ms });
    else begun.set(id, toBegun(row));
  }
  for (const { messageId } of group) {
    if (!begun.has(messageId) && !notBegun.has(messageId))
      notBegun.set(messageId, { refused: 'settled', waitMs: 0 });
  }
  return { begun, notBegun };
}

const toBegun = (row: ClaimRow): GroupBegun => ({
  deliveryId: row.delivery_id,
  generation: row.generation,
  number: row.number,
  attempts: row.attempts,
  sinceFirstAttemptMs: row.since_first_ms,
});

/** Many say the same: each of the words goes once. */
function distinctWords(group: readonly GroupClaim[]): Words[] {
  return [...new Map(group.map(({ words }) => [words.content, words])).values()];
}

/** @returns the attempts that were settled; the others are for settleAttempt (SQL: settle_page). */
export async function settlePage(db: Db, group: readonly Settlement[]): Promise<ReadonlySet<string>> {
  if (group.length === 0) return new Set();
  const settled = await db.query<{ attempt_id: string }>(
    'select attempt_id from settle_page($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)',
    SETTLEMENT.map(({ ofAll }) => ofAll(group)),
    { prepared: true },
  );
  return new Set(settled.map((row) => row.attempt_id));
}
