import { type MessageState, type WaitReason } from '../domain/states';
import { type Reason } from '../domain/reasons';
import { boolArray, int4Array, int8Array, textArray, uuidArray } from './binary-arrays';
import { one, type Db } from './database';
import { type PageClaim } from './page-shards';

export type Refusal =
  | 'canceled'
  | 'paused'
  | 'not_running'
  | 'rate_limited'
  | 'open'
  | 'settled'
  | 'expired'
  | 'not_due'
  | 'held'
  | 'facts_changed'
  | 'capped'
  /** Of a page shard that another activity has taken over, or that has ended. */
  | 'fenced';

/** What the gates saw and allowed: the claim checks it once more, under locks (src/ledger/gate-facts.ts). */
export interface Seal {
  /** Keys of people, addresses and the workspace, in hex, and the sum of their versions. */
  readonly facts: readonly string[];
  readonly version: number;
  /** Taken in the claim: the recipient's key in hex. */
  readonly cap?: { readonly recipient: string; readonly count: number; readonly periodMs: number };
  /** Written into the timeline: how many of which role, never who. */
  readonly dropped: readonly {
    readonly kind: string;
    readonly role: 'to' | 'cc' | 'bcc';
    readonly count: number;
  }[];
}

/** The ledger's no to a claim or recovery. Nothing was written. */
export interface Refused {
  readonly refused: Refusal;
  readonly waitMs: number;
}

export interface Claimed {
  readonly refused?: never;
  readonly deliveryId: string;
  readonly generation: number;
  readonly number: number;
}

/** Begins the first or a later attempt of a message that has none open (SQL: claim_message). */
export async function claimMessage(
  db: Db,
  claim: {
    jobId: string;
    messageId: string;
    deliveryId: string;
    attemptId: string;
    route: number;
    channelId: string;
    kind: string;
    provider: string;
    owner: string;
    timeoutMs: number;
    marginMs: number;
    dedupeWindowMs: number;
    seal?: Seal | undefined;
    /** In the page lane: refused with 'fenced' unless the shard is still in these hands. */
    page?: PageClaim | undefined;
  },
): Promise<Begun | Refused> {
  const [verb, fence] = fenceOf('claim', claim.page);
  return orRefused(async () => {
    const row = one(
      await db.query<BegunRow>(
        `select * from ${verb}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13${fence.places(13)})`,
        [
          ...fence.values,
          claim.jobId,
          claim.messageId,
          claim.deliveryId,
          claim.attemptId,
          claim.route,
          claim.channelId,
          claim.kind,
          claim.provider,
          claim.owner,
          claim.timeoutMs,
          claim.marginMs,
          claim.dedupeWindowMs,
          claim.seal ? JSON.stringify(claim.seal) : null,
        ],
        { prepared: true },
      ),
    );
    return toBegun(row);
  });
}

export interface Begun extends Claimed {
  readonly possibleDuplicate: boolean;
  /** No attempt was begun: the message ended `uncertain`. */
  readonly uncertain: boolean;
}

/** Takes over an open attempt whose answer was lost (SQL: recover_message). */
export async function recoverMessage(
  db: Db,
  recovery: {
    jobId: string;
    messageId: string;
    attemptId: string;
    owner: string;
    timeoutMs: number;
    marginMs: number;
    dedupeWindowMs: number;
    seal?: Seal | undefined;
    /** The gates refuse it for good by now: the open attempt ends uncertain. */
    forbidden?: boolean;
    page?: PageClaim | undefined;
  },
): Promise<Begun | Refused> {
  const [verb, fence] = fenceOf('recover', recovery.page);
  return orRefused(async () => {
    const row = one(
      await db.query<BegunRow>(
        `select * from ${verb}($1, $2, $3, $4, $5, $6, $7, $8, $9${fence.places(9)})`,
        [
          ...fence.values,
          recovery.jobId,
          recovery.messageId,
          recovery.attemptId,
          recovery.owner,
          recovery.timeoutMs,
          recovery.marginMs,
          recovery.dedupeWindowMs,
          recovery.seal ? JSON.stringify(recovery.seal) : null,
          recovery.forbidden ?? false,
        ],
        { prepared: true },
      ),
    );
    return toBegun(row);
  });
}

/** The function of the ledger that does it, and what comes first in its arguments. */
function fenceOf(
  verb: 'claim' | 'recover',
  page: PageClaim | undefined,
): [string, { values: readonly unknown[]; places: (after: number) => string }] {
  if (!page) return [`${verb}_message`, { values: [], places: () => '' }];
  return [
    `${verb}_in_page`,
    {
      values: [page.generation, page.n, page.claim],
      places: (after) => `, $${after + 1}, $${after + 2}, $${after + 3}`,
    },
  ];
}

interface BegunRow {
  readonly delivery_id: string;
  readonly generation: number;
  readonly number: number;
  readonly possible_duplicate: boolean;
  readonly uncertain: boolean;
  readonly [key: string]: unknown;
}

function toBegun(row: BegunRow): Begun {
  return {
    deliveryId: row.delivery_id,
    generation: row.generation,
    number: row.number,
    possibleDuplicate: row.possible_duplicate,
    uncertain: row.uncertain,
  };
}

export interface Settlement {
  readonly jobId: string;
  readonly attemptId: string;
  readonly outcome: 'accepted' | 'throttled' | 'retryable' | 'permanent' | 'ambiguous';
  readonly code?: string;
  readonly detail?: string;
  readonly vendorId?: string;
  readonly state: 'sent' | 'waiting' | 'failed' | 'uncertain';
  readonly reason?: Reason;
  readonly waitReason?: WaitReason;
  readonly waitMs?: number;
  /** How long the child keeps the message after this, in ms from now; null parks it. */
  readonly holdMs?: number | null;
  readonly route?: number;
  readonly refused: boolean;
  readonly settled?: 'delivered' | 'bounced';
}

/**
 * Writes an outcome to its attempt, always, and moves the message if it is still this attempt's to move. A use of a frequency
 * cap is given back in the same transaction once every call of the message was provably refused.
 */
export async function settleAttempt(
  db: Db,
  s: Settlement,
): Promise<{ state: MessageState; reason: Reason | null; moved: boolean }> {
  return one(
    await db.query<{ state: MessageState; reason: Reason | null; moved: boolean }>(
      `select s.* from settle_attempt($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) s
       left join lateral give_back_cap($2, s.state) on true`,
      [s.jobId, ...SETTLEMENT.map(({ of }) => of(s)), s.settled ?? null],
      { prepared: true },
    ),
  );
}

interface Argument {
  readonly of: (s: Settlement) => unknown;
  readonly ofAll: (group: readonly Settlement[]) => Buffer;
}

/** One argument of settle_attempt, and the array of settle_page that is its like. */
function argument<T>(
  of: (s: Settlement) => T | null | undefined,
  toArray: (values: readonly (T | null | undefined)[]) => Buffer,
): Argument {
  return { of: (s) => of(s) ?? null, ofAll: (group) => toArray(group.map(of)) };
}

const wholeMs = (ms: number | null | undefined): number | undefined =>
  ms == null ? undefined : Math.ceil(ms);

/** What settle_attempt and settle_page are told of an outcome, in their order. */
export const SETTLEMENT: readonly Argument[] = [
  argument((s) => s.attemptId, uuidArray),
  argument((s) => s.outcome, textArray),
  argument((s) => s.code, textArray),
  argument((s) => s.detail, textArray),
  argument((s) => s.vendorId, textArray),
  argument((s) => s.state, textArray),
  argument((s) => s.reason, textArray),
  argument((s) => s.waitReason, textArray),
  argument((s) => wholeMs(s.waitMs), int8Array),
  argument((s) => wholeMs(s.holdMs), int8Array),
  argument((s) => s.route, int4Array),
  argument((s) => s.refused, boolArray),
];

const REFUSED = 'VLY01';

/** What the protocol's functions refuse is an answer, not an error. */
export async function orRefused<T>(work: () => Promise<T>): Promise<T | Refused> {
  try {
    return await work();
  } catch (error) {
    const refusal = error as { code?: string; message: string; detail?: string };
    if (refusal.code !== REFUSED) throw error;
    return { refused: refusal.message as Refusal, waitMs: Number(refusal.detail ?? 0) || 0 };
  }
}
