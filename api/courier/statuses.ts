import { looksThat, type Look } from '../../src/domain/looks';

/** The statuses that a message of ours can show. */
export const SHOWN_STATUSES = [
  'CANCELED',
  'CLICKED',
  'DELAYED',
  'DELIVERED',
  'ENQUEUED',
  'FILTERED',
  'OPENED',
  'ROUTED',
  'SENT',
  'THROTTLED',
  'UNDELIVERABLE',
  'UNMAPPED',
  'UNROUTABLE',
] as const;

/** Courier's statuses that nothing has here: a filter by one of them is understood, and finds nothing. */
export const NEVER_SHOWN = ['DIGESTED', 'FAILED', 'PROCESSED', 'SIMULATED'] as const;

export const STATUSES = [...SHOWN_STATUSES, ...NEVER_SHOWN] as const;
export type StatusName = (typeof STATUSES)[number];

export function isStatusName(text: string): text is StatusName {
  return (STATUSES as readonly string[]).includes(text);
}

/** What our messages look like inside that show one of these statuses. */
export function looksOf(statuses: readonly StatusName[]): readonly Look[] {
  return looksThat(({ courier }) => (statuses as readonly string[]).includes(courier));
}
