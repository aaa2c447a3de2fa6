import { z } from 'zod';
import { DEFAULT_LINK_SETTINGS } from '../domain/link-wishes';

const DOMAINS_MAX = 20;
/** A host name, with a port for tests and for an installation on one machine. */
const DOMAIN = /^(?=.{1,128}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/;

export const linkTrackingSchema = z.boolean();

export const shortLinkDomainsSchema = z
  .array(z.string().regex(DOMAIN, 'must be a host name in lower case, such as go.example.com'))
  .max(DOMAINS_MAX);

/** As it is read from the ledger: a part that no longer fits counts as not set. */
export const linkSettingsSchema = z.object({
  linkTracking: linkTrackingSchema.catch(DEFAULT_LINK_SETTINGS.linkTracking),
  shortLinkDomains: shortLinkDomainsSchema.catch([...DEFAULT_LINK_SETTINGS.shortLinkDomains]),
});
