import { type Rendered } from '../../src/domain/content';
import { type LinkSettings, type LinkWishes } from '../../src/domain/link-wishes';
import { type Route } from '../../src/domain/routing';
import { type Db } from '../../src/ledger/database';
import { type DeliveryContext } from '../../src/ledger/delivery-context';
import { addressKey } from '../../src/ledger/fact-keys';
import { keepLinks, keepShortLinks } from '../../src/ledger/links';
import { createMessageLinks, type MessageLinks } from '../../src/links/message-links';
import { TOPIC_MAX_BYTES } from '../../src/links/payloads';
import { createRecentIds } from '../../src/links/recent-ids';
import { rewriteLinks } from '../../src/links/rewrite';
import { createShortLinks, type ShortLinks } from '../../src/links/short-links';
import { type Tokens } from '../../src/links/tokens';
import { unsubscribeHeaders } from '../../src/links/unsubscribe-headers';
import { utmFromBird, type Utm } from '../../src/links/utm';
import { type OpenChannel } from './open-channel';

/** Where Volley's own links live, and what signs them. */
export interface LinkPlace {
  readonly tokens: Tokens;
  /** `https://links.example.com`, without a slash at the end. */
  readonly base: string;
  /** Recipients can reach it, as an operator said: only then do mails offer it in their headers. */
  readonly announced: boolean;
}

/** What the gates' facts say about links. */
export interface LinkFacts {
  readonly settings: LinkSettings;
  /** Neither required nor transactional: the recipient may do without it. */
  readonly optional: boolean;
}

export interface LinkUse {
  /** This recipient's page, for the template; absent where there is nothing to unsubscribe from. */
  readonly unsubscribe?: string;
  /** The message with its links replaced, and their targets kept. Nothing is asked or written where nothing is replaced. */
  apply(rendered: Rendered): Promise<Rendered>;
}

export type Linker = (of: {
  readonly messageId: string;
  readonly message: DeliveryContext;
  readonly route: Route;
  readonly opened: OpenChannel;
  readonly facts: LinkFacts | undefined;
}) => LinkUse;

/** Rewrites links of rendered messages. Pure for one message: a retry gets the same links. */
export function createLinker({ db, links: place }: { db: Db; links: LinkPlace }): Linker {
  const written = createRecentIds();

  return ({ messageId, message, route, opened, facts }) => {
    const wishes: LinkWishes = { ...message.jobSpec.links, ...message.spec.links };
    const own = createMessageLinks(place.tokens, place.base, messageId);
    const unsubscribe = facts?.optional ? unsubscribeOf(own, message, route) : undefined;
    const plan = planOf(wishes, facts?.settings, { route, opened });
    return {
      ...(unsubscribe === undefined ? {} : { unsubscribe }),
      async apply(rendered) {
        const headed = unsubscribe === undefined ? rendered : withHeaders(rendered, unsubscribe, message);
        if (!plan.track && !plan.opens && Object.keys(plan.utm).length === 0) return headed;
        const short =
          plan.short === undefined
            ? undefined
            : createShortLinks(place.tokens, originOf(plan.short), messageId);
        const { html, text, actions, links } = rewriteLinks(headed, {
          track: plan.track,
          utm: plan.utm,
          base: place.base,
          linkFor: (url) => (short ?? own).linkFor(url),
          ...(plan.opens ? { pixel: own.pixel } : {}),
          ...(unsubscribe === undefined ? {} : { unsubscribe }),
        });
        const urls = links.map(({ url }) => url);
        if (urls.length > 0) await keep(message.workspaceId, own, short, urls);
        return { ...headed, ...(html === undefined ? {} : { html }), text, actions };
      },
    };
  };

  /** Before the claim: no link goes out whose target is not kept. */
  async function keep(
    workspaceId: string,
    own: MessageLinks,
    short: ShortLinks | undefined,
    urls: readonly string[],
  ): Promise<void> {
    if (short) {
      const rows = urls.map((url) => short.rowFor(url));
      return keepShortLinks(db, workspaceId, rows);
    }
    const keyOf = (id: Buffer) => `${workspaceId}/${id.toString('base64')}`;
    const rows = urls.map((url) => own.rowFor(url)).filter(({ id }) => !written.has(keyOf(id)));
    if (rows.length === 0) return;
    await keepLinks(db, workspaceId, rows);
    for (const { id } of rows) written.add(keyOf(id));
  }

  /** Over http only where Volley itself is: on one machine, and in tests. */
  function originOf(domain: string): string {
    return `${new URL(place.base).protocol}//${domain}`;
  }

  /** Copies would carry the recipient's own link: a mail to several people offers it only in its text. */
  function withHeaders(rendered: Rendered, url: string, { spec }: DeliveryContext): Rendered {
    const { alsoTo = [], cc = [], bcc = [] } = spec.recipient;
    const given = Object.keys(rendered.headers).some((name) => /^list-unsubscribe/i.test(name));
    if (!place.announced || given || alsoTo.length + cc.length + bcc.length > 0) return rendered;
    return { ...rendered, headers: { ...rendered.headers, ...unsubscribeHeaders({ url }) } };
  }
}

interface Plan {
  readonly track: boolean;
  readonly opens: boolean;
  readonly utm: Utm;
  readonly short?: string;
}

function planOf(
  wishes: LinkWishes,
  settings: LinkSettings | undefined,
  { route, opened }: { route: Route; opened: OpenChannel },
): Plan {
  const domains = settings?.shortLinkDomains ?? [];
  const wanted = wishes.short?.domain?.toLowerCase();
  // A domain that is not the workspace's would lead nowhere, or to somebody else: long links then.
  const short = wishes.short && domains.find((domain) => wanted === undefined || domain === wanted);
  const parameters = (wishes.utm ?? []).filter(
    ({ kind, provider }) =>
      (kind === undefined || kind === route.kind) &&
      (provider === undefined || provider === opened.provider.name),
  );
  return {
    track: short !== undefined || (wishes.clicks ?? settings?.linkTracking ?? false),
    opens: wishes.opens ?? settings?.linkTracking ?? false,
    utm: utmFromBird(parameters, { platformName: route.kind, channelName: opened.name }),
    ...(short === undefined ? {} : { short }),
  };
}

/** Of e-mail: other kinds have no place for a page's address but their text, and vendors that read STOP. */
function unsubscribeOf(own: MessageLinks, message: DeliveryContext, route: Route): string | undefined {
  if (route.kind !== 'email') return undefined;
  const { workspaceId, jobSpec, spec } = message;
  const topic = spec.gates?.topicId ?? jobSpec.gates?.topicId;
  // A longer one is left out, and everything is unsubscribed from.
  const fits = topic !== undefined && Buffer.byteLength(topic) <= TOPIC_MAX_BYTES;
  return own.unsubscribe({
    workspaceId,
    identity: addressKey(workspaceId, route.kind, route.address),
    ...(fits ? { topic } : {}),
  });
}
