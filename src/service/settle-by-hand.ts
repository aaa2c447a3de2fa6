import { randomUUID } from 'node:crypto';
import { FATES } from '../domain/callback-moves';
import { VolleyError } from '../domain/errors';
import { lockStandings } from '../ledger/callback-reads';
import { type Tx } from '../ledger/database';
import { findVisited } from '../ledger/link-visits';
import { recordProviderEvents } from '../ledger/provider-events';
import { type ProviderEventType } from '../providers/callbacks/contract';

/** What may be known of a message whose outcome Volley does not know: that it arrived, or how it did not. */
export const TOLD_BY_HAND = ['sent', 'delivered', ...FATES] as const satisfies readonly ProviderEventType[];
export type ToldByHand = (typeof TOLD_BY_HAND)[number];

/** In the timeline, where a vendor's code would stand. */
const BY_HAND = 'by_hand';

/**
 * What somebody found out about a message that ended `uncertain` or `failed`, or that waits behind a call in doubt (design: "uncertain,
 * failed -> sent, delivered, undelivered: … an operator"). Written as a vendor's late callback is: the same moves, counters and
 * webhooks; it suppresses no address. That it was never sent is not among it: for that there is a resend.
 * @throws VolleyError not_found; invalid_request where its outcome is known, or a call under way.
 */
export async function settleByHand(tx: Tx, messageId: string, type: ToldByHand): Promise<void> {
  const found = await findVisited(tx, messageId, '');
  const standing = (await lockStandings(tx, [messageId], [])).get(messageId);
  if (!standing) throw new VolleyError('not_found', 'No message has this id.');
  const { state, inDoubt } = standing;
  const unknown = state === 'uncertain' || state === 'failed' || (state === 'waiting' && inDoubt);
  if (!found || !unknown) {
    throw new VolleyError('invalid_request', `The message is ${state}: there is nothing to settle by hand.`);
  }
  const { nowMs: atMs, workspaceId, channelId } = found;
  const fact = { messageId, type, atMs, dedupe: `${BY_HAND}/${randomUUID()}`, code: BY_HAND };
  await recordProviderEvents(tx, { workspaceId, channelId }, [fact]);
  const now = (await lockStandings(tx, [messageId], [])).get(messageId)?.state;
  // Its newest delivery is of a way that it has left, and it went none since.
  if (now === state)
    throw new VolleyError('invalid_request', 'No call was made on the way that the message is on.');
}
