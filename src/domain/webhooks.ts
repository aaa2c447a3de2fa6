/** What Volley tells the outside by itself: who may be told, of what, and how long it keeps trying. Pure rules. */
import { PLANNED_WAITS } from './outward';

/** In whose words: ours (Standard Webhooks), Courier's `message:updated`, or Bird's subscriptions. */
export const WEBHOOK_FORMS = ['standard', 'courier', 'bird'] as const;
export type WebhookForm = (typeof WEBHOOK_FORMS)[number];

export const MESSAGE_WEBHOOK_TYPES = [
  'message.accepted',
  'message.scheduled',
  'message.sending',
  'message.sent',
  'message.delivered',
  'message.undelivered',
  'message.failed',
  'message.uncertain',
  'message.rejected',
  'message.skipped',
  'message.canceled',
  'message.opened',
  'message.clicked',
] as const;
/** What no message tells: facts of a job, and of another endpoint of the workspace. */
export const WORKSPACE_WEBHOOK_TYPES = [
  'job.created',
  'job.started',
  'job.paused',
  'job.resumed',
  'job.progress',
  'job.completed',
  'job.canceled',
  'endpoint.disabled',
] as const;
export const WEBHOOK_TYPES = [...MESSAGE_WEBHOOK_TYPES, ...WORKSPACE_WEBHOOK_TYPES] as const;
export type WebhookType = (typeof WEBHOOK_TYPES)[number];

/** Sent by `POST …/test` alone, to the endpoint that it was asked of; nobody can subscribe to it. */
export const TEST_TYPE = 'endpoint.test';

/** Interactions are facts beside the state; all other ledger types of a message are states (or `accepted`). */
const INTERACTION_TYPES = ['opened', 'clicked', 'complained', 'unsubscribed'] as const;
/** Those that every form has a word for; the others are Bird's alone. */
const ENGAGEMENT_TYPES = ['opened', 'clicked'] as const;
const STATE_TYPES = [
  ...['accepted', 'waiting', 'sending', 'sent', 'delivered', 'undelivered', 'failed', 'uncertain'],
  ...['rejected', 'skipped', 'canceled'],
] as const;

/** The ledger's type names that an endpoint has to be handed: the coarse filter, kept by the database at each insert. */
export function ledgerTypesOf(
  wanted:
    | { form: 'standard'; types: readonly WebhookType[] }
    | { form: 'courier' | 'bird'; of?: 'outbound' | 'interaction' },
): string[] {
  if (wanted.form !== 'standard') {
    if (wanted.of === 'interaction') return [...INTERACTION_TYPES];
    if (wanted.of === 'outbound') return [...STATE_TYPES];
    return [...STATE_TYPES, ...(wanted.form === 'bird' ? INTERACTION_TYPES : ENGAGEMENT_TYPES)];
  }
  return [
    ...new Set(
      wanted.types.map((type) => {
        if (type === 'message.scheduled') return 'waiting';
        return type.startsWith('message.') ? type.slice('message.'.length) : type;
      }),
    ),
  ];
}

/**
 * The public name of a ledger event, or undefined for one that is nobody's news: `recovered`, or a wait that is a set-back
 * (backoff, a rate limit) and nobody's plan.
 */
export function webhookTypeOf(event: {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}): WebhookType | typeof TEST_TYPE | undefined {
  if (event.type === TEST_TYPE) return TEST_TYPE;
  if (event.type === 'waiting') {
    return PLANNED_WAITS.some((reason) => reason === event.data['waitReason'])
      ? 'message.scheduled'
      : undefined;
  }
  return WEBHOOK_TYPES.find((type) => type === event.type || type === `message.${event.type}`);
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * The published schedule: the wait after the first, second, … failure in a row, in ms; the last one repeats. As Standard
 * Webhooks recommends, without its last two steps: an endpoint that comes back is served within 14 hours.
 */
export const RETRY_WAITS_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
];

/** An endpoint that took nothing for this long is disabled (Svix does so too); its last chance is at the very end. */
export const DISABLE_AFTER_MS = 5 * 24 * HOUR_MS;

/** A receiver that says "at once" still gets a second to breathe. */
const MIN_RETRY_AFTER_MS = SECOND_MS;

export type AfterFailure =
  | { readonly type: 'disable'; readonly reason: 'gone' | 'failing' }
  | { readonly type: 'wait'; readonly waitMs: number };

/**
 * What follows on a failed call. 410 ends it at once. 429 with Retry-After waits just that long and takes no step of the
 * schedule; other answers with Retry-After wait at least that long. No wait reaches beyond the day of disabling.
 */
export function afterFailure(failure: {
  /** HTTP status; undefined where no answer came. */
  readonly status: number | undefined;
  /** Steps of the schedule taken before this failure. */
  readonly failures: number;
  /** How long the endpoint has been taking nothing, in ms. */
  readonly failingForMs: number;
  readonly retryAfterMs: number | undefined;
}): AfterFailure {
  if (failure.status === 410) return { type: 'disable', reason: 'gone' };
  const leftMs = DISABLE_AFTER_MS - failure.failingForMs;
  if (leftMs <= 0) return { type: 'disable', reason: 'failing' };
  const scheduledMs = RETRY_WAITS_MS[Math.min(failure.failures, RETRY_WAITS_MS.length - 1)] ?? HOUR_MS;
  const { retryAfterMs } = failure;
  if (isThrottle(failure)) return { type: 'wait', waitMs: Math.max(MIN_RETRY_AFTER_MS, retryAfterMs ?? 0) };
  return { type: 'wait', waitMs: Math.min(leftMs, Math.max(scheduledMs, retryAfterMs ?? 0)) };
}

/** "Slow down, come back then": no failure of the schedule, though it counts towards the five days. */
export function isThrottle(failure: {
  status: number | undefined;
  retryAfterMs: number | undefined;
}): boolean {
  return failure.status === 429 && failure.retryAfterMs !== undefined;
}

/** A secret that was replaced still signs beside the new one for this long: a day to roll it out. */
export const OLD_SECRET_VALID_MS = 24 * HOUR_MS;
