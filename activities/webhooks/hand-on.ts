import { type WebhookEndpoint } from '../../src/ledger/webhook-endpoints';
import { ownUrlPage } from '../../src/ledger/webhook-own-urls';
import { type Dependencies } from '../dependencies';
import { contentOf } from './build-call';
import { CallFault } from './call-fault';

/** How long one round may take; what is left then is for the next, which comes at once. */
const ROUND_MS = 10_000;
const PAGE = 1_000;

export interface HandOn {
  /** True for an endpoint in whose queue others' events stand: a subscription of Bird's form. */
  concerns(endpoint: WebhookEndpoint): boolean;
  /**
   * Moves what is for messages' own URLs out of the queue of a subscription that takes nothing just now, into the lines of those
   * URLs. @returns false where the time was too short for all of it.
   */
  round(endpoint: WebhookEndpoint): Promise<boolean>;
}

/**
 * Where the next round begins, and the one after it once all is looked through: a transaction that began earlier may commit a lower
 * number meanwhile. Rounds that ran out of time are one with the round that ends what they began.
 */
interface Place {
  readonly from: number;
  readonly then: number;
}

export function createHandOn(deps: Dependencies): HandOn {
  // Of this process: what another one has looked through is looked through once more.
  const places = new Map<string, Place>();
  const concerns = ({ form, parentId }: WebhookEndpoint): boolean => form === 'bird' && parentId === null;

  return {
    concerns,
    async round(endpoint) {
      if (!concerns(endpoint)) return true;
      const { from, then } = places.get(endpoint.id) ?? { from: 0, then: 0 };
      const endMs = Date.now() + ROUND_MS;
      let at = from;
      for (;;) {
        const { events, through } = await ownUrlPage(deps.db, endpoint.id, at, PAGE);
        if (through === undefined) {
          places.set(endpoint.id, { from: then, then: Math.max(at, then) });
          return true;
        }
        for (const event of events) {
          // What has no words stays: the subscription fails on it when its turn comes.
          await contentOf(deps, endpoint, event).catch((error: unknown) => {
            if (!(error instanceof CallFault)) throw error;
          });
          at = event.id;
          if (Date.now() >= endMs) break;
        }
        if (Date.now() >= endMs) break;
        at = through;
      }
      places.set(endpoint.id, { from: at, then });
      return false;
    },
  };
}
