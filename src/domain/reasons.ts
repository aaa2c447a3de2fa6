/**
 * Why a message is where it is: a closed union. Each reason belongs to one state; `outward.ts` says how the pair looks
 * from each door, and the docs are generated from there.
 */
export const REASONS_BY_STATE = {
  undelivered: ['bounced', 'carrier_refused', 'carrier_expired'],
  failed: ['provider_refused', 'credentials_refused', 'attempts_exhausted', 'deadline', 'expired'],
  uncertain: ['in_doubt'],
  rejected: [
    'template_not_found',
    'template_unpublished',
    'no_channel',
    'channel_misconfigured',
    'no_address',
    'invalid_address',
    'variable_missing',
    'render_failed',
    'invalid_content',
    'invalid_sender',
    'invalid_input',
    'schedule_too_far',
    'cap_not_allowed',
    'unsupported_body_for_channel',
  ],
  skipped: [
    'unsubscribed',
    'opted_out',
    'opt_in_required',
    'suppressed',
    'holdout',
    'condition',
    'cap',
    'expired',
  ],
  canceled: ['canceled'],
} as const;

type ReasonsByState = typeof REASONS_BY_STATE;
export type RejectReason = ReasonsByState['rejected'][number];
export type SkipReason = ReasonsByState['skipped'][number];
export type Reason = ReasonsByState[keyof ReasonsByState][number];
