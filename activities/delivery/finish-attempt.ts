import { type DeliverResult } from '../../workflows/contract';
import { type ChannelKind } from '../../src/domain/kinds';
import { afterOutcome } from '../../src/domain/retry';
import { isSettled, type JobKind } from '../../src/domain/states';
import { settleAttempt, type Settlement } from '../../src/ledger/attempts';
import { type Database } from '../../src/ledger/database';
import { type DeliveryContext } from '../../src/ledger/delivery-context';
import { suppress } from '../../src/ledger/suppressions';
import { type Outcome, type Provider } from '../../src/providers/contract';
import { type DeliveryRules } from '../dependencies';

/** A child keeps its message this much longer than it means to wait, so that a slow worker is not overtaken by the planner. */
const WAIT_MARGIN_MS = 60_000;

export interface FinishInput {
  readonly message: DeliveryContext;
  readonly jobKind: JobKind;
  readonly attemptId: string;
  readonly outcome: Outcome;
  /** Calls that counted, this one included. */
  readonly attempts: number;
  /** All calls, this one included. */
  readonly calls: number;
  readonly hasNextRoute: boolean;
  readonly provider: Pick<Provider, 'dedupeWindowMs'>;
  readonly settings: unknown;
  readonly callStartedAtMs: number;
  /** Where the call went; absent where nothing could be sent any more. */
  readonly sentTo?: SentTo | undefined;
}

interface SentTo {
  readonly kind: ChannelKind;
  readonly address: string;
  readonly provider: string;
}

/** What is to be written of an outcome. */
export interface Finishing {
  readonly settlement: Settlement;
  /** What the workflow should do once it is written and the message has moved. */
  readonly result: DeliverResult;
}

/** Decides what follows an outcome, writes both down, and says what the workflow should do. */
export async function finishAttempt(
  db: Database,
  rules: DeliveryRules,
  input: FinishInput,
): Promise<DeliverResult> {
  const { settlement, result } = decideFinish(rules, input);
  const settled = await settle(db, input, settlement);
  if (isSettled(settled.state)) return { type: 'settled', state: settled.state, reason: settled.reason };
  return settled.moved ? result : { type: 'left', why: 'held' };
}

/** Decides what follows an outcome. Writes nothing. */
export function decideFinish(rules: DeliveryRules, input: FinishInput): Finishing {
  const { message, outcome } = input;
  const retryAfterMs = 'retryAfterMs' in outcome ? outcome.retryAfterMs : undefined;
  const next = afterOutcome({
    outcome: {
      type: outcome.type,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(outcome.type === 'permanent' ? { reason: outcome.reason } : {}),
    },
    attempts: input.attempts,
    calls: input.calls,
    sinceFirstAttemptMs: message.sinceFirstAttemptMs,
    hasNextRoute: input.hasNextRoute && !(outcome.type === 'permanent' && outcome.othersHaveIt),
    deduplicates: Date.now() - input.callStartedAtMs < input.provider.dedupeWindowMs(input.settings),
    atMostOnce: message.guarantee === 'at_most_once',
    random: Math.random(),
    policy: rules.retry,
  });
  const waitMs = next.waitMs ?? 0;
  const keeps = input.jobKind !== 'bulk' || waitMs <= rules.parkAfterMs;
  const settlement: Settlement = {
    jobId: message.jobId,
    attemptId: input.attemptId,
    outcome: outcome.type,
    state: next.state,
    refused: next.refused,
    ...('code' in outcome ? { code: storable(outcome.code), detail: storable(outcome.message) } : {}),
    ...(outcome.type === 'accepted' && outcome.vendorId !== undefined
      ? { vendorId: storable(outcome.vendorId) }
      : {}),
    ...(outcome.type === 'accepted' && outcome.settled ? { settled: outcome.settled } : {}),
    ...(next.reason ? { reason: next.reason } : {}),
    ...(next.waitReason ? { waitReason: next.waitReason, waitMs } : {}),
    holdMs: next.state === 'waiting' && keeps ? waitMs + WAIT_MARGIN_MS : null,
    ...(next.nextRoute ? { route: message.route + 1 } : {}),
  };
  if (next.state !== 'waiting') {
    return { settlement, result: { type: 'settled', state: next.state, reason: next.reason ?? null } };
  }
  return { settlement, result: keeps ? { type: 'wait', waitMs } : { type: 'parked' } };
}

/** Vendors' words: Postgres takes every character but one, and an outcome is a fact whatever they wrote. */
function storable(text: string): string {
  return text.replaceAll('\0', '');
}

/** An address that the vendor says at once does not exist is suppressed with the same commit: nothing more is sent to it. */
async function settle(
  db: Database,
  { message, outcome, sentTo }: FinishInput,
  settlement: Settlement,
): ReturnType<typeof settleAttempt> {
  if (outcome.type !== 'accepted' || outcome.settled !== 'bounced' || !sentTo)
    return settleAttempt(db, settlement);
  return db.transaction(async (tx) => {
    const settled = await settleAttempt(tx, settlement);
    const { kind, address, provider: source } = sentTo;
    await suppress(tx, { workspaceId: message.workspaceId, kind, address, reason: 'hard_bounce', source });
    return settled;
  });
}
