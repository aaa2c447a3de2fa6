import { type Tx } from '../ledger/database';
import { type AddressFact } from '../ledger/provider-events';
import { suppressAll, type NewSuppression } from '../ledger/suppressions';

/**
 * Hard bounces, complaints and unsubscriptions that a vendor told of suppress the address by themselves, in the transaction
 * that writes them down. A soft bounce says nothing about the next message.
 */
export async function suppressTold(
  tx: Tx,
  workspaceId: string,
  source: string,
  facts: readonly AddressFact[],
): Promise<void> {
  const list = facts.flatMap(({ kind, address, type, hard }): NewSuppression[] => {
    if (type === 'bounced' && !hard) return [];
    const reason = (
      { bounced: 'hard_bounce', complained: 'complaint', unsubscribed: 'unsubscribed' } as const
    )[type];
    return [{ workspaceId, kind, address, reason, source }];
  });
  if (list.length > 0) await suppressAll(tx, list);
}
