import { looksThat, type Look } from '../../src/domain/looks';
import { type BirdStatus } from '../../src/domain/outward';

export const BIRD_STATUSES = [
  'accepted',
  'rejected',
  'processing',
  'scheduled',
  'sent',
  'sending_failed',
  'delivered',
  'delivery_failed',
  'deleted',
  'skipped',
] as const satisfies readonly BirdStatus[];

/** What our messages look like inside that show one of these statuses. */
export function looksOf(statuses: readonly BirdStatus[]): readonly Look[] {
  return looksThat(({ bird }) => statuses.includes(bird));
}

export function isBirdStatus(text: string): text is BirdStatus {
  return (BIRD_STATUSES as readonly string[]).includes(text);
}
