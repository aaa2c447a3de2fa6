import { VolleyError } from '../domain/errors';
import { type ChannelKind } from '../domain/kinds';
import { type Recipient } from '../domain/message-spec';
import { type Database, type Tx } from '../ledger/database';
import { addressKey } from '../ledger/fact-keys';
import { findRecipient, findVisited } from '../ledger/link-visits';
import { setPreference } from '../ledger/preferences';
import { recordProviderEvents } from '../ledger/provider-events';
import { suppress } from '../ledger/suppressions';
import { getTopic } from '../ledger/topics';
import { getWorkspace } from '../ledger/workspaces';
import { linkIdOf, type UnsubscribePayload } from '../links/payloads';
import { type UnsubscribeStore } from '../links/unsubscribe';

export interface LinkVisits {
  /** A message was opened: a fact once, however often. @returns false where it was known, or the message never went out. */
  opened(messageId: string): Promise<boolean>;
  /** A link of a message was clicked: a fact once for each link. */
  clicked(messageId: string, url: string): Promise<boolean>;
}

type Visit = { readonly type: 'opened' | 'clicked' | 'unsubscribed'; readonly url?: string };

/**
 * What recipients do with their links, written down as what a vendor tells is (src/ledger/provider-events.ts): the same
 * timeline, counters and webhooks, and a click proves that the message arrived.
 */
export function createLinkVisits(db: Database): LinkVisits {
  const note = async (messageId: string, dedupe: string, visit: Visit): Promise<boolean> => {
    const found = await findVisited(db, messageId, dedupe);
    if (!found || found.known) return false;
    return db.transaction((tx) => record(tx, messageId, dedupe, visit));
  };
  return {
    opened: (messageId) => note(messageId, 'link/opened', { type: 'opened' }),
    clicked: (messageId, url) =>
      note(messageId, `link/clicked/${linkIdOf(url).toString('hex')}`, { type: 'clicked', url }),
  };
}

/** Opt-outs by the recipient's own link: committed before anything is answered, and honoured by every claim from then on. */
export function createUnsubscribeStore(db: Database): UnsubscribeStore {
  return {
    async words({ workspaceId, topic }) {
      const workspace = await getWorkspace(db, workspaceId);
      const named = topic === undefined ? undefined : await getTopic(db, workspaceId, topic);
      return {
        ...(workspace ? { sender: workspace.name } : {}),
        ...(topic === undefined ? {} : { topic: named?.name ?? topic }),
      };
    },
    unsubscribe: (who) => db.transaction((tx) => optOut(tx, who)),
  };
}

/**
 * From a topic: the person's own preference, as they would set it themselves. From everything, and for people whom the caller
 * gave no id: the address is suppressed. The facts come last, as the order of locks has it.
 */
async function optOut(
  tx: Tx,
  { workspaceId, messageId, topic, identity }: UnsubscribePayload,
): Promise<void> {
  const recipient = messageId === undefined ? undefined : await findRecipient(tx, { workspaceId, messageId });
  if (!recipient || messageId === undefined) throw gone();
  await record(tx, messageId, 'link/unsubscribed', { type: 'unsubscribed' });
  if (topic !== undefined && !recipient.idGenerated) {
    const { id: userId, tenantId } = recipient;
    const choice = { status: 'opted_out', channels: null, hasChannels: false } as const;
    return setPreference(tx, { workspaceId, userId, tenantId, topicId: topic }, choice);
  }
  const [kind, address] =
    addressesOf(recipient).find((one) => addressKey(workspaceId, ...one).equals(identity)) ?? [];
  if (kind === undefined || address === undefined) throw gone();
  await suppress(tx, { workspaceId, kind, address, reason: 'unsubscribed', source: 'link' });
}

function addressesOf({ addresses, alsoTo = [] }: Recipient): [ChannelKind, string][] {
  return [
    ...(Object.entries(addresses) as [ChannelKind, string][]),
    ...alsoTo.map((address): [ChannelKind, string] => ['email', address]),
  ];
}

async function record(tx: Tx, messageId: string, dedupe: string, visit: Visit): Promise<boolean> {
  const found = await findVisited(tx, messageId, dedupe);
  if (!found) return false;
  const { nowMs: atMs, ...channel } = found;
  const { stored } = await recordProviderEvents(tx, channel, [{ messageId, atMs, dedupe, ...visit }]);
  return stored > 0;
}

function gone(): VolleyError {
  return new VolleyError('not_found', 'The message that this link came with is no longer here.');
}
