import { orRefused, type Refusal, type Refused, type Seal } from './attempts';
import { type Db } from './database';
import { type PageClaim } from './page-shards';

/** One first attempt, as the gates let it pass. */
export interface GroupClaim {
  readonly messageId: string;
  readonly deliveryId: string;
  readonly attemptId: string;
  readonly route: number;
  readonly channelId: string;
  readonly kind: string;
  readonly provider: string;
  readonly timeoutMs: number;
  readonly seal: Seal;
}

/** Why one of a group was not begun. `begun_before`: not its first attempt, so not to be begun in a group. */
export interface NotBegun {
  readonly refused: Refusal | 'begun_before';
  readonly waitMs: number;
}

/**
 * Begins the first attempts of a group in one transaction (SQL: claim_page).
 * @returns by message id who was not begun; or the refusal of them all: paused, canceled, not_running, fenced, facts_changed.
 */
export async function claimPage(
  db: Db,
  page: PageClaim,
  group: readonly GroupClaim[],
  input: { readonly owner: string; readonly marginMs: number },
): Promise<Refused | { readonly refused?: undefined; readonly notBegun: ReadonlyMap<string, NotBegun> }> {
  const each = <T>(pick: (claim: GroupClaim) => T): T[] => group.map(pick);
  return orRefused(async () => {
    const rows = await db.query<{ message_id: string; refused: NotBegun['refused'] | null; wait_ms: number }>(
      'select * from claim_page($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)',
      [
        ...[page.jobId, page.generation, page.n, page.claim, input.owner, input.marginMs],
        each((c) => c.messageId),
        each((c) => c.deliveryId),
        each((c) => c.attemptId),
        each((c) => c.route),
        each((c) => c.channelId),
        each((c) => c.kind),
        each((c) => c.provider),
        each((c) => c.timeoutMs),
        group.flatMap(({ seal }) => seal.facts.map((hex) => Buffer.from(hex, 'hex'))),
        group.reduce((sum, { seal }) => sum + seal.version, 0),
      ],
    );
    const notBegun = new Map<string, NotBegun>();
    const answered = new Set(rows.map((row) => row.message_id));
    for (const { message_id: id, refused, wait_ms: waitMs } of rows) {
      if (refused) notBegun.set(id, { refused, waitMs });
    }
    for (const { messageId } of group) {
      if (!answered.has(messageId)) notBegun.set(messageId, { refused: 'settled', waitMs: 0 });
    }
    return { notBegun };
  });
}

/** @returns the attempts that were settled as accepted; the others are for settleAttempt (SQL: settle_page). */
export async function settlePage(
  db: Db,
  accepted: readonly { readonly attemptId: string; readonly vendorId?: string | undefined }[],
): Promise<ReadonlySet<string>> {
  const rows = await db.query<{ attempt_id: string }>('select attempt_id from settle_page($1, $2)', [
    accepted.map((one) => one.attemptId),
    accepted.map((one) => one.vendorId ?? null),
  ]);
  return new Set(rows.map((row) => row.attempt_id));
}
