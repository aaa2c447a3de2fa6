import { type MessageSpec } from '../../src/domain/message-spec';
import { type Reason } from '../../src/domain/reasons';

/** One sentence for each reason: what happened, and what to do where there is something. */
const REASON_TEXTS: Readonly<Record<Reason, string>> = {
  bounced: 'The address does not take messages; the provider sent it back.',
  carrier_refused: 'The carrier refused the message.',
  carrier_expired: 'The carrier could not deliver the message in time.',
  provider_refused: 'The provider refused the message for good.',
  credentials_refused: "The provider refused the channel's credentials; mend them and send again.",
  attempts_exhausted: 'Every attempt that the message had failed.',
  deadline: 'The time for retries ran out.',
  expired: 'The message was no longer valid when it could have been sent.',
  in_doubt: 'The provider never answered: the message may have arrived, and is not sent again.',
  template_not_found: 'No template has this slug, alias or id.',
  template_unpublished: 'The template has no published version.',
  no_channel: 'The workspace has no channel of a kind by which the recipient can be reached.',
  channel_misconfigured: "The channel's settings do not allow it to send.",
  no_address: 'The recipient has no address of any kind that the message may go by.',
  invalid_address: "The recipient's address cannot be one.",
  variable_missing: "Data that the template requires is missing; add it to the user's or the message's data.",
  render_failed: 'The template could not be rendered.',
  invalid_content: 'The content cannot be sent.',
  invalid_sender: 'The sender is not among the identities of the channel.',
  invalid_input: 'The message is not valid.',
  schedule_too_far: 'The message was scheduled too far ahead.',
  cap_not_allowed: 'A frequency cap is only for marketing messages.',
  unsupported_body_for_channel: 'The channel cannot carry this kind of body.',
  unsubscribed: 'The recipient has unsubscribed.',
  opted_out: 'The recipient has opted out.',
  opt_in_required: 'The recipient has not opted in.',
  suppressed: 'The address is suppressed.',
  holdout: 'The recipient is in the holdout group.',
  condition: 'The condition of the message was not met.',
  cap: 'The recipient has had as many messages as the cap allows.',
  canceled: 'The message was cancelled.',
};

/**
 * `reason: sentence (detail)`. The detail is what a provider or the renderer said; an address in it is taken out, since
 * error texts end up in logs.
 */
export function failureText(reason: Reason, detail: string | null, spec: MessageSpec): string {
  const text = `${reason}: ${REASON_TEXTS[reason]}`;
  return detail ? `${text} (${withoutAddresses(detail, spec)})` : text;
}

const EMAIL = /[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g;
const PHONE = /\+?\d[\d\s().-]{6,}\d/g;

/** What a provider said, without any address in it. */
export function withoutAddresses(detail: string, { recipient }: MessageSpec): string {
  const own = [
    ...Object.values(recipient.addresses),
    ...(recipient.alsoTo ?? []),
    ...(recipient.cc ?? []),
    ...(recipient.bcc ?? []),
  ];
  return own
    .filter((address) => address.length > 2)
    .reduce((text, address) => text.replaceAll(address, '[address]'), detail)
    .replace(EMAIL, '[address]')
    .replace(PHONE, '[number]');
}
