import { parsePhoneNumberFromString } from 'libphonenumber-js';
import { zoneOfCountry } from './country-zones';
import { isZone } from './zoned-time';

/**
 * Where a recipient's clock is: the zone that the profile names, else the country of the phone number; undefined when neither
 * tells, so that the workspace's own zone counts. A name that is no zone counts as none.
 */
export function recipientZone(recipient: {
  readonly timezone?: string | undefined;
  readonly phone?: string | undefined;
}): string | undefined {
  if (recipient.timezone !== undefined && isZone(recipient.timezone)) return recipient.timezone;
  const country = recipient.phone === undefined ? undefined : countryOf(recipient.phone);
  const zone = country === undefined ? undefined : zoneOfCountry(country);
  return zone !== undefined && isZone(zone) ? zone : undefined;
}

function countryOf(phone: string): string | undefined {
  const number = parsePhoneNumberFromString(phone.startsWith('+') ? phone : `+${phone.replace(/^00/, '')}`);
  // A calling code that several countries share says little more than the first of them, which is the largest.
  return number?.country ?? number?.getPossibleCountries()[0];
}
