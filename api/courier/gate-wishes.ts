import { type ErrorDetail } from '../../src/domain/errors';
import { type GateWishes } from '../../src/domain/gate-wishes';
import { durationMs } from '../duration';
import { epochMs } from '../epoch';
import { momentOf, readDelay } from './delay';
import { type SendFields } from './message-schema';

type GateFields = Pick<SendFields, 'preferences' | 'delay' | 'timeout' | 'expiry'>;

const MILLISECONDS = /^\d{1,14}$/;

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
  const validForMs = typeof within === 'string' ? msIn(within) : (within ?? undefined);
  const validUntilMs =
    moment == null ? undefined : (epochMs(String(moment)) ?? momentOf(String(moment), 'UTC'));
  const problems: ErrorDetail[] = [];
  if (within != null && validForMs === undefined) {
    problems.push({ at: `${at}.expires_in`, problem: 'is neither ms nor a duration such as P1DT4H' });
  }
  if (moment != null && validUntilMs === undefined) {
    problems.push({
      at: `${at}.expires_at`,
      problem: 'is neither an epoch in seconds or ms nor a date and time of ISO 8601',
    });
  }
  return {
    ...(validForMs === undefined ? {} : { validForMs }),
    ...(validUntilMs === undefined ? {} : { validUntilMs }),
    problems,
  };
}

/** A typed SDK knows texts alone here, and so writes its ms as one. */
function msIn(text: string): number | undefined {
  return MILLISECONDS.test(text.trim()) ? Number(text) : durationMs(text);
}
