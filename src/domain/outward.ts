import { saysUnknownAddress } from './fate-detail';
import { type JobPhase, type MessageState, type WaitReason } from './states';
import { type Reason } from './reasons';

/**
 * How a message looks from each door: the design's table "How states look from outside", and the only place where it is
 * written down. The docs are generated from it (`scripts/generate-docs.ts`).
 */
export interface Outward {
  readonly courier: CourierStatus;
  readonly courierReason?: CourierReason;
  readonly bird: BirdStatus;
  /** Bird's failure code; those in `OUR_BIRD_CODES` are ours, in an unused range. */
  readonly birdCode?: number;
}

export type CourierStatus =
  | 'ENQUEUED'
  | 'DELAYED'
  | 'ROUTED'
  | 'SENT'
  | 'DELIVERED'
  | 'OPENED'
  | 'CLICKED'
  | 'UNDELIVERABLE'
  | 'UNMAPPED'
  | 'UNROUTABLE'
  | 'FILTERED'
  | 'THROTTLED'
  | 'CANCELED';
export type CourierReason =
  | 'BOUNCED'
  | 'FAILED'
  | 'FILTERED'
  | 'NO_CHANNELS'
  | 'NO_PROVIDERS'
  | 'OPT_IN_REQUIRED'
  | 'PROVIDER_ERROR'
  | 'UNPUBLISHED'
  | 'UNSUBSCRIBED';
export type BirdStatus =
  | 'accepted'
  | 'scheduled'
  | 'processing'
  | 'sent'
  | 'delivered'
  | 'delivery_failed'
  | 'sending_failed'
  | 'rejected'
  | 'skipped'
  | 'deleted';

/** Failure codes that are Volley's own, in a range that Bird leaves unused. */
export const OUR_BIRD_CODES: readonly number[] = [14901, 15901, 15902, 15903, 15904, 15905];

/** Waits that are plans look scheduled; waits that are set-backs look like work in progress. */
export const PLANNED_WAITS: readonly WaitReason[] = ['scheduled_for', 'delay', 'quiet_hours'];

const undeliverable = (courierReason: CourierReason, bird: BirdStatus, birdCode?: number): Outward => ({
  courier: 'UNDELIVERABLE',
  courierReason,
  bird,
  ...(birdCode === undefined ? {} : { birdCode }),
});
const rejected = (courier: CourierStatus, birdCode: number, courierReason?: CourierReason): Outward => ({
  courier,
  bird: 'rejected',
  birdCode,
  ...(courierReason === undefined ? {} : { courierReason }),
});
const filtered = (courierReason: CourierReason): Outward => ({
  courier: 'FILTERED',
  courierReason,
  bird: 'skipped',
});

/** Final looks by reason. `expired` has two: it belongs to `failed` after an attempt and to `skipped` before any. */
export const OUTWARD_BY_REASON: Readonly<Record<Exclude<Reason, 'expired'>, Outward>> = {
  bounced: undeliverable('BOUNCED', 'delivery_failed', 15904),
  carrier_refused: undeliverable('FAILED', 'delivery_failed', 15905),
  carrier_expired: undeliverable('FAILED', 'delivery_failed', 15905),
  provider_refused: undeliverable('PROVIDER_ERROR', 'sending_failed', 15901),
  credentials_refused: undeliverable('PROVIDER_ERROR', 'sending_failed', 14901),
  attempts_exhausted: undeliverable('FAILED', 'sending_failed', 15902),
  deadline: undeliverable('FAILED', 'sending_failed', 15902),
  in_doubt: undeliverable('PROVIDER_ERROR', 'sending_failed', 15001),
  template_not_found: rejected('UNMAPPED', 11004),
  template_unpublished: rejected('UNMAPPED', 11004, 'UNPUBLISHED'),
  no_channel: rejected('UNROUTABLE', 11001, 'NO_CHANNELS'),
  channel_misconfigured: rejected('UNROUTABLE', 11001, 'NO_CHANNELS'),
  no_address: rejected('UNROUTABLE', 11003, 'NO_PROVIDERS'),
  invalid_address: rejected('UNROUTABLE', 11003, 'NO_PROVIDERS'),
  variable_missing: rejected('UNDELIVERABLE', 11004, 'FAILED'),
  render_failed: rejected('UNDELIVERABLE', 11004, 'FAILED'),
  invalid_content: rejected('UNDELIVERABLE', 11004, 'FAILED'),
  invalid_sender: rejected('UNDELIVERABLE', 11005, 'PROVIDER_ERROR'),
  invalid_input: rejected('UNDELIVERABLE', 11002, 'FAILED'),
  schedule_too_far: rejected('UNDELIVERABLE', 11002, 'FAILED'),
  cap_not_allowed: rejected('UNDELIVERABLE', 11002, 'FAILED'),
  unsupported_body_for_channel: rejected('UNROUTABLE', 12002, 'NO_CHANNELS'),
  unsubscribed: filtered('UNSUBSCRIBED'),
  opted_out: filtered('UNSUBSCRIBED'),
  opt_in_required: filtered('OPT_IN_REQUIRED'),
  suppressed: filtered('FILTERED'),
  holdout: filtered('FILTERED'),
  condition: filtered('FILTERED'),
  cap: { courier: 'THROTTLED', bird: 'skipped' },
  canceled: { courier: 'CANCELED', bird: 'deleted' },
};

/** Bird's code for a bounce whose detail says that the address is unknown. */
export const UNKNOWN_ADDRESS_CODE = 15005;

/** An open or a click proves the arrival, also where the provider never told of it. A click is further than an open. */
export type Engagement = 'opened' | 'clicked';
const ENGAGED: Readonly<Record<Engagement, CourierStatus>> = { opened: 'OPENED', clicked: 'CLICKED' };

export interface StateView {
  readonly state: MessageState;
  readonly reason: Reason | null;
  readonly waitReason?: WaitReason | null;
  /** What the recipient did with it, as far as is known: the furthest. */
  readonly engaged?: Engagement | null;
}

/** The look of any message that its job has released (a message of an open job is not listed: 404). */
export function outward(view: StateView): Outward {
  switch (view.state) {
    case 'pending':
      return { courier: 'ENQUEUED', bird: 'accepted' };
    case 'waiting':
      return {
        courier: 'DELAYED',
        bird: view.waitReason && PLANNED_WAITS.includes(view.waitReason) ? 'scheduled' : 'processing',
      };
    case 'sending':
      return { courier: 'ROUTED', bird: 'processing' };
    case 'sent':
      return { courier: view.engaged ? ENGAGED[view.engaged] : 'SENT', bird: 'sent' };
    case 'delivered':
      return { courier: view.engaged ? ENGAGED[view.engaged] : 'DELIVERED', bird: 'delivered' };
    case 'undelivered':
    case 'failed':
    case 'uncertain':
    case 'rejected':
    case 'skipped':
    case 'canceled':
      return finalLook(view);
  }
}

function finalLook(view: StateView): Outward {
  const reason = view.reason ?? 'canceled';
  if (reason !== 'expired') return OUTWARD_BY_REASON[reason];
  return view.state === 'failed'
    ? undeliverable('FAILED', 'sending_failed', 15903)
    : undeliverable('FAILED', 'skipped');
}

export function courierStatus(view: StateView): { status: CourierStatus; reason?: CourierReason } {
  const { courier, courierReason } = outward(view);
  return courierReason ? { status: courier, reason: courierReason } : { status: courier };
}

/** Bird's status and failure code. A bounce of an unknown address (detail from the vendor) has a code of its own. */
export function birdStatus(view: StateView & { detail?: string | null }): {
  status: BirdStatus;
  code?: number;
} {
  const { bird, birdCode } = outward(view);
  const unknownAddress = view.reason === 'bounced' && saysUnknownAddress(view.detail);
  const code = unknownAddress ? UNKNOWN_ADDRESS_CODE : birdCode;
  return code === undefined ? { status: bird } : { status: bird, code };
}

export type BulkItemStatus = 'PENDING' | 'ENQUEUED' | 'ERROR';

/** ERROR only for what never got onto the pipeline: an item whose enqueuedAt is set stays ENQUEUED and counts there. */
export function bulkItemStatus(view: { state: MessageState; enqueuedAt: Date | null }): BulkItemStatus {
  if (view.state === 'pending') return 'PENDING';
  return view.enqueuedAt ? 'ENQUEUED' : 'ERROR';
}

export type BulkJobStatus = 'CREATED' | 'PROCESSING' | 'COMPLETED' | 'ERROR';

/**
 * CREATED until run commits; PROCESSING until all messages are settled, paused included; COMPLETED when all are settled and
 * at least one was enqueued; ERROR when cancelled and settled, or nothing could be enqueued.
 */
export function bulkJobStatus(job: {
  phase: JobPhase;
  cancelRequested: boolean;
  unsettled: number;
  enqueued: number;
}): BulkJobStatus {
  if (job.phase === 'open' && !job.cancelRequested) return 'CREATED';
  if (job.unsettled > 0) return 'PROCESSING';
  if (job.cancelRequested || job.enqueued === 0) return 'ERROR';
  return 'COMPLETED';
}
