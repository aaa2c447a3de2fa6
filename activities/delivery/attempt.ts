import { ApplicationFailure } from '@temporalio/common';
import { v7 as uuidv7 } from 'uuid';
import { type DeliverResult } from '../../workflows/contract';
import { ATTEMPT_MARGIN_MS } from '../../src/domain/retry';
import { isSettled, type JobKind } from '../../src/domain/states';
import {
  claimMessage,
  recoverMessage,
  type Begun,
  type Claimed,
  type Refused,
} from '../../src/ledger/attempts';
import { loadDelivery, type DeliveryContext } from '../../src/ledger/delivery-context';
import { type Dependencies } from '../dependencies';
import { holdingFiles, type FileRoom } from './attachments';
import { createCaller, type Finish } from './call';
import { afterGates, askGates, type Passed } from './gates';
import { afterMissingFile, afterSealedChannel } from './not-yet';
import { prepare, type Prepared, type Preparers } from './prepare';
import { afterRefusal, move } from './refusals';
import { type Run } from './run';

/**
 * What may go on this soon is waited for where it stands, be it a token of a rate limit or the next attempt: the server fires no timer
 * before about a second has passed, and a timer with its second workflow task costs it as much as the message.
 */
export const SHORT_WAIT_MS = 1_000;

export interface Attempts {
  /** One attempt of one message, whatever state it is in. */
  deliver(run: Run, jobKind: JobKind, messageId: string): Promise<DeliverResult>;
}

/**
 * One attempt of one message: prepare, claim with the gates inside its transaction, call the provider, write down what
 * happened. What the provider says is a result. Made again after a crash, it finds the open attempt by the message's id.
 */
export function createAttempts(deps: Dependencies, by: Preparers, finish: Finish): Attempts {
  const { db, rules } = deps;
  const call = createCaller(deps, finish);

  return {
    async deliver(run, jobKind, messageId) {
      const message = await loadDelivery(db, messageId);
      if (!message)
        throw ApplicationFailure.nonRetryable('The ledger has no such message.', 'MessageNotFound');
      if (isSettled(message.state)) {
        return { type: 'settled', state: message.state, reason: message.reason } as DeliverResult;
      }
      return holdingFiles((room) => attempt(run, jobKind, messageId, message, room));
    },
  };

  async function attempt(
    run: Run,
    jobKind: JobKind,
    messageId: string,
    given: DeliveryContext,
    room: FileRoom,
  ): Promise<DeliverResult> {
    const gates = await askGates(deps, messageId, given);
    const { message, stopped } = gates;
    const recovering = message.state === 'sending';
    if (stopped && !recovering) return afterGates(db, rules, { messageId, jobKind, gates, stopped });
    // Its time stays what it is, whatever it lacks now: what it waits for then would be all that it waits for.
    if (gates.idle && !recovering)
      return afterRefusal(db, rules, { messageId, jobKind, message, refusal: gates.idle });
    // A file that an abort left out would put a call that was begun in doubt for good: it is fetched to its end.
    const preparation = await prepare(deps, by, messageId, gates, {
      room,
      signal: recovering ? undefined : run.signal,
    });
    if (preparation.type === 'channel_sealed' && !recovering) {
      return afterSealedChannel(db, rules, { messageId, jobKind });
    }
    if (preparation.type === 'rejected' && !recovering) {
      return move(db, messageId, { to: 'rejected', reason: preparation.reason, detail: preparation.detail });
    }
    if (preparation.type === 'attachment_missing' && !recovering) {
      return afterMissingFile(db, rules, { messageId, jobKind }, preparation);
    }
    const ready = preparation.type === 'ready' ? preparation.prepared : undefined;
    const attemptId = uuidv7();
    const begun = await begin(run, messageId, attemptId, gates, ready);
    if (begun === 'uncertain') return { type: 'settled', state: 'uncertain', reason: 'in_doubt' };
    if (begun.refused) return afterRefusal(db, rules, { messageId, jobKind, message, refusal: begun });
    return call({ run, jobKind, messageId, attemptId, message, ready, begun });
  }

  /** The claim, or the recovery of an open attempt. Where nothing can be sent any more, an open attempt ends in doubt. */
  async function begin(
    run: Run,
    messageId: string,
    attemptId: string,
    { message, seal, stopped }: Passed,
    ready: Prepared | undefined,
  ): Promise<Claimed | Refused | 'uncertain'> {
    const common = {
      jobId: message.jobId,
      messageId,
      attemptId,
      owner: run.owner,
      page: run.page,
      timeoutMs: ready?.opened.provider.totalTimeoutMs ?? 0,
      marginMs: ATTEMPT_MARGIN_MS,
      seal,
    };
    const dedupeWindowMs = ready ? ready.opened.provider.dedupeWindowMs(ready.opened.channel.settings) : 0;
    if (message.state === 'sending' || !ready) {
      // What the gates ask of a call that was begun forbids to make it again.
      const forbidden = stopped !== undefined;
      return unlessUncertain(await recoverMessage(db, { ...common, dedupeWindowMs, forbidden }));
    }
    const { route, opened } = ready;
    const claim = {
      ...common,
      deliveryId: uuidv7(),
      route: message.route,
      channelId: route.channelId,
      kind: opened.channel.kind,
      provider: opened.provider.name,
      dedupeWindowMs,
    };
    for (let tries = 0; ; tries += 1) {
      const claimed = await claimMessage(db, claim);
      if (claimed.refused !== 'rate_limited' || claimed.waitMs > SHORT_WAIT_MS || tries >= 3)
        return unlessUncertain(claimed);
      await new Promise((resolve) => setTimeout(resolve, claimed.waitMs));
    }
  }
}

/** A message that ended in doubt has no attempt to make. */
function unlessUncertain(begun: Begun | Refused): Begun | Refused | 'uncertain' {
  return !begun.refused && begun.uncertain ? 'uncertain' : begun;
}
