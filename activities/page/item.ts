import { type Seal } from '../../src/ledger/attempts';
import { type DeliveryContext } from '../../src/ledger/delivery-context';
import { type FreshMessage } from '../../src/ledger/page-shards';
import { type Prepared } from '../delivery/prepare';

/** A message that wants an attempt. */
export interface Item {
  readonly messageId: string;
  /** About as much as its JSON has; absent where it is not held. */
  readonly bytes?: number;
  /** Never begun, so far as is known. This or `again` is what it takes to be begun in a group; without, it goes its own way. */
  readonly fresh?: FreshMessage;
  /** Begun before in this page, and waiting for its next attempt. */
  readonly again?: DeliveryContext;
  /** Ready to be begun, for as long as what the gates saw is fresh. */
  readonly passing?: Passing;
  /** Not for a group: it goes its own way. */
  readonly alone?: true;
}

/** A message that only needs the claim. */
export interface Passing {
  readonly message: DeliveryContext;
  readonly prepared: Prepared;
  readonly seal: Seal;
  readonly atMs: number;
}
