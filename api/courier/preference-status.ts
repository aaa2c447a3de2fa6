import { PREFERENCE_STATUSES, type PreferenceStatus } from '../../src/domain/preferences';

/** Courier's PreferenceStatus, in the order of ours. */
export const COURIER_STATUSES = ['OPTED_IN', 'OPTED_OUT', 'REQUIRED'] as const;

export function toCourierStatus(status: PreferenceStatus): (typeof COURIER_STATUSES)[number] {
  return COURIER_STATUSES[PREFERENCE_STATUSES.indexOf(status)] ?? 'OPTED_IN';
}

/** Undefined for a word that is none of Courier's three. */
export function fromCourierStatus(text: string): PreferenceStatus | undefined {
  return PREFERENCE_STATUSES.find((status) => toCourierStatus(status) === text);
}
