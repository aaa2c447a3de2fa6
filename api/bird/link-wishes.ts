import { trackingOf, type LinkWishes, type UtmWish } from '../../src/domain/link-wishes';
import { type MessageSpec } from '../../src/domain/message-spec';
import { type BirdBody } from './body-schema';
import { bodyMetadata } from './body-to-content';
import { type BirdMessageRequest } from './element-schema';

type LinkFields = Partial<Pick<BirdMessageRequest, 'enableLinkTracking' | 'shortLinks' | 'template'>> & {
  readonly body?: BirdBody | undefined;
};

/** How Bird says "the domain that the workspace has". */
const DEFAULT_DOMAIN = 'default';

/**
 * What a message asks to be done with its links. `enableLinkTracking` means clicks and opens, the HTML body's own metadata wins
 * for each; `tracking` is what the call says where the message does not.
 */
export function readLinkWishes(
  fields: LinkFields,
  tracking: boolean | undefined,
): Pick<MessageSpec, 'links'> {
  const { template, enableLinkTracking: on = tracking } = fields;
  const said = template ? undefined : bodyMetadata(fields.body);
  const opens = said?.openTracking ?? said?.initialOpenTracking;
  const short = template?.shortLinks ?? fields.shortLinks;
  const shortens = template?.shortLinks ? template.shortLinks.enabled : isWished(fields.shortLinks);
  const domain = short?.domain === DEFAULT_DOMAIN ? undefined : short?.domain;
  const utm = (template?.utmParameters ?? []).map(({ key, value, reference }): UtmWish => ({
    key,
    ...(value === undefined ? {} : { value }),
    ...(reference === undefined ? {} : { reference }),
  }));
  const links: LinkWishes = {
    ...(on === undefined ? {} : trackingOf(on)),
    ...(said?.clickTracking === undefined ? {} : { clicks: said.clickTracking }),
    ...(opens === undefined ? {} : { opens }),
    ...(utm.length > 0 ? { utm } : {}),
    ...(shortens ? { short: domain ? { domain } : {} } : {}),
  };
  return Object.keys(links).length > 0 ? { links } : {};
}

/** A message's own have a `domain` alone (bird-api.md §2.2): being there is the wish, unless it takes that back. */
function isWished(own: LinkFields['shortLinks']): boolean {
  return own !== undefined && own.enabled !== false;
}
