import { type ErrorDetail } from '../../src/domain/errors';
import { type NewRecipient } from '../../src/service/service';
import { readInboundUser } from './inbound-user';

/** What Courier sends to and Volley does not yet. Told by the key that names it, before anything else is looked at. */
const NOT_YET: Readonly<Record<string, string>> = {
  list_id: 'lists',
  list_pattern: 'lists',
  audience_id: 'audiences',
  ms_teams: 'Microsoft Teams recipients',
  pagerduty: 'PagerDuty recipients',
  webhook: 'webhook recipients',
  slack: 'Slack recipients',
};

/** Fields of a recipient that are not the profile. */
const NOT_PROFILE = [
  'data',
  'preferences',
  'context',
  'tenant_id',
  'account_id',
  'locale',
  'timezone',
  'user_id',
];

export type RecipientReading = { readonly recipient: NewRecipient } | { readonly problem: ErrorDetail };

/**
 * One recipient of `POST /send`. It stands for a user of a bulk job: `to` is the recipient, and what it says about itself is
 * the profile.
 */
export function readSendRecipient(to: Readonly<Record<string, unknown>>, at: string): RecipientReading {
  const foreign = Object.keys(NOT_YET).find((key) => to[key] != null);
  if (foreign !== undefined) {
    const problem = `${NOT_YET[foreign]} are not supported yet; name users by email, phone_number or user_id`;
    return { problem: { at: `${at}.${foreign}`, problem } };
  }
  const profile = Object.fromEntries(Object.entries(to).filter(([key]) => !NOT_PROFILE.includes(key)));
  const reading = readInboundUser(at, { profile, to });
  if (!reading.ok) return { problem: { at, problem: reading.error } };
  const { recipient } = reading.recipient.spec;
  if (recipient.idGenerated && Object.keys(recipient.addresses).length === 0) {
    return {
      problem: { at, problem: 'names nobody: give an email, a phone_number, a user_id or a push token' },
    };
  }
  return { recipient: reading.recipient };
}
