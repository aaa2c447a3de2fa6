import { type ErrorDetail } from '../../src/domain/errors';
import { type GateWishes } from '../../src/domain/gate-wishes';
import { momentOf, readDelay } from './delay';
import { type SendFields } from './message-schema';

type GateFields = Pick<SendFields, 'preferences' | 'delay' | 'timeout' | 'expiry'>;

const UNIT_MS = { W: 604_800_000, D: 86_400_000, H: 3_600_000, M: 60_000, S: 1_000 } as const;
/** Weeks down to seconds: how long a year or a month is depends on which. */
const DURATION = /^P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?$/i;

export interface GateReading {
  /** Absent where nothing is asked of the gates. */
  readonly gates?: GateWishes;
  readonly problems: readonly ErrorDetail[];
}

/**
 * What a message of Courier's asks of the gates: the topic in `preferences`, `delay`, and how long it is worth sending, which is
 * the shorter of `timeout.message` and `expiry`. `at` is where the fields are in the request; `nowMs` is epoch ms.
 */
export function readGateFields(fields: GateFields, at: string, nowMs: number): GateReading {
  const problems: ErrorDetail[] = [];
  const topicId = fields.preferences?.subscription_topic_id;
  const delay = fields.delay ? readDelay(fields.delay, `${at}.delay`, nowMs) : undefined;
  problems.push(...(delay?.problems ?? []));
  const expiry = readExpiry(fields.expiry, `${at}.expiry`);
  problems.push(...expiry.problems);
  const lifeMs = [fields.timeout?.message, expiry.validForMs].filter((ms) => ms != null);
  const gates: GateWishes = {
    ...(topicId == null ? {} : { topicId }),
    ...(delay?.delay && Object.keys(delay.delay).length > 0 ? { delay: delay.delay } : {}),
    ...(lifeMs.length > 0 ? { validForMs: Math.min(...lifeMs) } : {}),
    ...(expiry.validUntilMs === undefined ? {} : { validUntilMs: expiry.validUntilMs }),
  };
  return Object.keys(gates).length > 0 ? { gates, problems } : { problems };
}

function readExpiry(
  expiry: GateFields['expiry'],
  at: string,
): { validForMs?: number; validUntilMs?: number; problems: readonly ErrorDetail[] } {
  const { expires_in: within, expires_at: moment } = expiry ?? {};
  const validForMs = typeof within === 'string' ? durationMs(within) : (within ?? undefined);
  const validUntilMs = typeof moment === 'string' ? momentOf(moment, 'UTC') : (moment ?? undefined);
  const problems: ErrorDetail[] = [];
  if (within != null && validForMs === undefined) {
    problems.push({ at: `${at}.expires_in`, problem: 'is neither ms nor a duration such as P1DT4H' });
  }
  if (moment != null && validUntilMs === undefined) {
    problems.push({ at: `${at}.expires_at`, problem: 'is neither epoch ms nor a date and time of ISO 8601' });
  }
  return {
    ...(validForMs === undefined ? {} : { validForMs }),
    ...(validUntilMs === undefined ? {} : { validUntilMs }),
    problems,
  };
}

function durationMs(text: string): number | undefined {
  const [whole, ...given] = DURATION.exec(text.trim()) ?? [];
  if (whole === undefined || given.every((part) => part === undefined)) return undefined;
  return Object.values(UNIT_MS).reduce((sum, unitMs, index) => sum + unitMs * Number(given[index] ?? 0), 0);
}
