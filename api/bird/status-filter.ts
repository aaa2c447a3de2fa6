import { type BirdStatus, PLANNED_WAITS } from '../../src/domain/outward';
import { type MessageState, WAIT_REASONS } from '../../src/domain/states';

export interface StateFilter {
  readonly state: MessageState;
  readonly waitReasons?: readonly string[];
}

const plannedWaits: readonly string[] = PLANNED_WAITS;
const otherWaits = WAIT_REASONS.filter((reason) => !plannedWaits.includes(reason));

/**
 * Which of our states stand behind each of Bird's: `birdStatus` read backwards. A test holds the two against each other.
 */
export const STATES_BY_STATUS: Readonly<Record<BirdStatus, readonly StateFilter[]>> = {
  accepted: [{ state: 'pending' }],
  scheduled: [{ state: 'waiting', waitReasons: plannedWaits }],
  processing: [{ state: 'waiting', waitReasons: otherWaits }, { state: 'sending' }],
  sent: [{ state: 'sent' }],
  delivered: [{ state: 'delivered' }],
  sending_failed: [{ state: 'failed' }, { state: 'uncertain' }],
  delivery_failed: [{ state: 'undelivered' }],
  rejected: [{ state: 'rejected' }],
  skipped: [{ state: 'skipped' }],
  deleted: [{ state: 'canceled' }],
};

export const BIRD_STATUSES = Object.keys(STATES_BY_STATUS) as BirdStatus[];

export function isBirdStatus(text: string): text is BirdStatus {
  return Object.hasOwn(STATES_BY_STATUS, text);
}
