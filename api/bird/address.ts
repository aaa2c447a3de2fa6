import { parsePhoneNumberFromString } from 'libphonenumber-js';
import { type ChannelKind } from '../../src/domain/kinds';
import { isEmailAddress } from '../../src/providers/email-address';

/** The seeded sandbox takes anything up to here: the seed's own text has `[email protected]` for an address. */
const ANY_MAX_CHARS = 256;

/**
 * The address as its kind writes it (a phone number in E.164), or what is wrong with it. The problem never quotes the
 * address.
 */
export function checkAddress(
  given: string,
  kind: ChannelKind,
): { address: string; problem?: undefined } | { address?: undefined; problem: string } {
  switch (kind) {
    case 'email':
      return isEmailAddress(given) ? { address: given } : { problem: 'is no e-mail address' };
    case 'sms':
      return phoneNumber(given);
    case 'any':
      return given.length <= ANY_MAX_CHARS
        ? { address: given }
        : { problem: `has an address of more than ${ANY_MAX_CHARS} characters` };
    case 'push':
    case 'chat':
    case 'inbox':
    case 'webhook':
      return { address: given };
  }
}

/** Possible, not valid: number plans change more often than libraries do, and the carrier has the last word. */
function phoneNumber(given: string): { address: string } | { problem: string } {
  const international = given.startsWith('+') ? given : `+${given.replace(/^00/, '')}`;
  const parsed = parsePhoneNumberFromString(international);
  return parsed?.isPossible()
    ? { address: parsed.number }
    : { problem: 'is no phone number in international form, such as +31612345678' };
}
