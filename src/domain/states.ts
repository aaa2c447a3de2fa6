/**
 * The life of one message. `sending` means that an attempt is open, nothing else.
 * The same table stands in the database (migration 0002, `transition_allowed`), which refuses everything else; a test
 * holds the two against each other.
 */
export const MESSAGE_STATES = [
  'pending',
  'waiting',
  'sending',
  'sent',
  'delivered',
  'undelivered',
  'failed',
  'uncertain',
  'rejected',
  'skipped',
  'canceled',
] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/**
 * Every move that the design's state table lists, and waiting -> uncertain (docs/decisions/0037-doubt-that-stays.md). What is not here
 * is refused.
 */
export const TRANSITIONS: Readonly<Record<MessageState, readonly MessageState[]>> = {
  pending: ['waiting', 'sending', 'rejected', 'skipped', 'canceled'],
  waiting: ['waiting', 'sending', 'rejected', 'skipped', 'canceled', 'failed', 'uncertain'],
  sending: ['sent', 'waiting', 'canceled', 'sending', 'failed', 'uncertain'],
  uncertain: ['sent', 'delivered', 'undelivered'],
  failed: ['sent', 'delivered', 'undelivered'],
  sent: ['delivered', 'undelivered'],
  undelivered: ['delivered'],
  delivered: [],
  rejected: [],
  skipped: [],
  canceled: [],
};

/** States in which work is still owed. A job is settled when none of its messages is in one of these. */
export const UNSETTLED_STATES = ['pending', 'waiting', 'sending'] as const satisfies readonly MessageState[];

export function isSettled(state: MessageState): boolean {
  return !(UNSETTLED_STATES as readonly MessageState[]).includes(state);
}

/** Why a waiting message waits. The first three are plans, the others are set-backs: they look different from outside. */
export const WAIT_REASONS = [
  'scheduled_for',
  'delay',
  'quiet_hours',
  'backoff',
  'retry_after',
  'rate_limit',
  'breaker',
  'next_route',
  'attachment',
] as const;
export type WaitReason = (typeof WAIT_REASONS)[number];

/** Where a job stands. `open`: being filled. `running`: delivering. `settled`: nothing left to do. */
export const JOB_PHASES = ['open', 'running', 'settled'] as const;
export type JobPhase = (typeof JOB_PHASES)[number];

export const JOB_KINDS = ['bulk', 'batch', 'send'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** at_least_once: in doubt, send again with the same key and mark it. at_most_once: in doubt, stop as `uncertain`. */
export const GUARANTEES = ['at_least_once', 'at_most_once'] as const;
export type Guarantee = (typeof GUARANTEES)[number];

/** workflow: a child workflow for each message, to be watched and signalled one by one. page: shards delivered by one activity. */
export const FAN_OUTS = ['workflow', 'page'] as const;
export type FanOut = (typeof FAN_OUTS)[number];
