import { type ProviderEventType } from './contract';

/** What became of a message that Twilio reports as undelivered or failed. */
export interface TwilioFate {
  readonly type: Extract<ProviderEventType, 'bounced' | 'carrier_refused' | 'carrier_expired'>;
  readonly hard?: boolean;
  readonly detail?: string;
  readonly unsubscribes?: boolean;
}

const unknown = (detail: string): TwilioFate => ({ type: 'bounced', hard: true, detail });
const expired = (detail: string): TwilioFate => ({ type: 'carrier_expired', detail });
const refused = (detail: string): TwilioFate => ({ type: 'carrier_refused', detail });

/**
 * By Twilio's public error dictionary, in our words. `hard` only where the number itself is wrong; Twilio asks not to
 * build on single codes for ever, so whatever is not listed is a plain refusal with its code kept.
 */
const FATES: Readonly<Record<string, TwilioFate>> = {
  21211: unknown('The number is not valid.'),
  21614: unknown('The number is no mobile number.'),
  30005: unknown('The number is unknown or no longer in service.'),
  30006: unknown('The number is a landline, or its carrier takes no messages.'),
  63003: unknown('The channel knows no such recipient.'),
  30003: { type: 'bounced', hard: false, detail: 'The phone could not be reached.' },
  30001: expired('The message waited too long in the queue.'),
  30036: expired('The message was not sent within its validity.'),
  21408: refused('The account may not send to this country.'),
  21610: { ...refused('The recipient has unsubscribed from this sender.'), unsubscribes: true },
  30002: refused('The account is suspended.'),
  30004: refused('The carrier or the recipient blocks the message.'),
  30007: refused('The message was filtered as unwanted.'),
  30008: refused('The carrier gave no reason.'),
  30034: refused('The sending number is not registered with the carriers.'),
  63016: refused('WhatsApp takes only templates outside the conversation window.'),
};

/** The fate by error code; undefined is "no code given". */
export function fateOfTwilioCode(code: string | undefined): TwilioFate {
  const known = code !== undefined && Object.hasOwn(FATES, code) ? FATES[code] : undefined;
  return known ?? { type: 'carrier_refused' };
}
