import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { v7 as uuidv7 } from 'uuid';
import { type DeliverActivities, type DeliverResult } from '../workflows/contract';
import { isSettled, type JobKind } from '../src/domain/states';
import { claimMessage, recoverMessage, type Begun, type Claimed, type Refused } from '../src/ledger/attempts';
import { loadDelivery, type DeliveryContext } from '../src/ledger/delivery-context';
import { keepOutput } from '../src/ledger/outputs';
import { type Outcome } from '../src/providers/contract';
import { type Dependencies } from './dependencies';
import { finishAttempt } from './delivery/finish-attempt';
import { afterGates, askGates, forbidsRecovery, type Passed } from './delivery/gates';
import { createLinker } from './delivery/links';
import { createChannelOpener } from './delivery/open-channel';
import { prepare, type Prepared } from './delivery/prepare';
import { afterRefusal, move, wait } from './delivery/refusals';

const HEARTBEAT_MS = 2_000;
/** Beyond a call's own time-out, a `sending` message is held this much longer before anyone else takes it over (design). */
const ATTEMPT_MARGIN_MS = 30_000;
/** A rate limit that frees a token this soon is waited for here: cheaper than a timer and a second activity. */
const SHORT_WAIT_MS = 1_000;
/** A file that could not be had is asked for again this often; the message's validity bounds it. */
const ATTACHMENT_RETRY_MS = 60_000;

/**
 * One attempt of one message: prepare, claim with the gates inside its transaction, call the provider, write down what
 * happened. What the provider says is a result. Run again after a crash, it finds the open attempt by the message's id.
 */
export function createDeliver(deps: Dependencies): DeliverActivities['deliver'] {
  const { db, rules } = deps;
  const by = { openChannel: createChannelOpener(deps), linker: createLinker(deps) };

  return async ({ jobKind, messageId }) => {
    const beat = setInterval(() => heartbeat(), HEARTBEAT_MS);
    try {
      const message = await loadDelivery(db, messageId);
      if (!message)
        throw ApplicationFailure.nonRetryable('The ledger has no such message.', 'MessageNotFound');
      if (isSettled(message.state)) {
        return { type: 'settled', state: message.state, reason: message.reason } as DeliverResult;
      }
      return await attempt(jobKind, messageId, message);
    } finally {
      clearInterval(beat);
    }
  };

  async function attempt(
    jobKind: JobKind,
    messageId: string,
    given: DeliveryContext,
  ): Promise<DeliverResult> {
    const gates = await askGates(deps, messageId, given);
    const { message, stopped } = gates;
    const recovering = message.state === 'sending';
    if (stopped && !recovering) return afterGates(db, rules, { messageId, jobKind, gates, stopped });
    const preparation = await prepare(deps, by, messageId, gates);
    if (preparation.type === 'rejected' && !recovering) {
      return move(db, messageId, { to: 'rejected', reason: preparation.reason, detail: preparation.detail });
    }
    if (preparation.type === 'attachment_missing' && !recovering) {
      return wait(db, rules, { messageId, jobKind, reason: 'attachment', waitMs: ATTACHMENT_RETRY_MS });
    }
    const ready = preparation.type === 'ready' ? preparation.prepared : undefined;
    const attemptId = uuidv7();
    const begun = await begin(messageId, attemptId, gates, ready);
    if (begun === 'uncertain') return { type: 'settled', state: 'uncertain', reason: 'in_doubt' };
    if (begun.refused) return afterRefusal(db, rules, { messageId, jobKind, message, refusal: begun });
    return call({ jobKind, messageId, attemptId, message, ready, begun });
  }

  /** The claim, or the recovery of an open attempt. Where nothing can be sent any more, an open attempt ends in doubt. */
  async function begin(
    messageId: string,
    attemptId: string,
    { message, seal, stopped }: Passed,
    ready: Prepared | undefined,
  ): Promise<Claimed | Refused | 'uncertain'> {
    const { workflowExecution, activityId } = activityInfo();
    const common = {
      jobId: message.jobId,
      messageId,
      attemptId,
      owner: `${workflowExecution?.runId ?? ''}/${activityId}`,
      timeoutMs: ready?.opened.provider.totalTimeoutMs ?? 0,
      marginMs: ATTEMPT_MARGIN_MS,
      seal,
    };
    const dedupeWindowMs = ready ? ready.opened.provider.dedupeWindowMs(ready.opened.channel.settings) : 0;
    if (message.state === 'sending' || !ready) {
      const forbidden = forbidsRecovery(stopped);
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

  async function call(input: {
    jobKind: JobKind;
    messageId: string;
    attemptId: string;
    message: DeliveryContext;
    ready: Prepared | undefined;
    begun: Claimed;
  }): Promise<DeliverResult> {
    const { message, ready, begun } = input;
    const callStartedAtMs = Date.now();
    const kept = ready ? keep(message.workspaceId, begun.deliveryId, ready) : undefined;
    const outcome = ready ? await send(input.messageId, message, ready, begun) : lostPreparation();
    await kept;
    const result = await finishAttempt(db, rules, {
      message,
      jobKind: input.jobKind,
      attemptId: input.attemptId,
      outcome,
      attempts: message.attempts + 1,
      calls: begun.number,
      hasNextRoute: ready?.hasNextRoute ?? false,
      provider: ready?.opened.provider ?? NO_PROVIDER,
      settings: ready?.opened.channel.settings,
      callStartedAtMs,
      sentTo: ready && {
        kind: ready.route.kind,
        address: ready.route.address,
        provider: ready.opened.provider.name,
      },
    });
    const ms = Date.now() - callStartedAtMs;
    deps.metrics.attempt({ kind: ready?.route.kind ?? 'any', outcome: outcome.type, ms });
    deps.log.info({
      event: 'delivery.attempted',
      workspaceId: message.workspaceId,
      jobId: message.jobId,
      messageId: input.messageId,
      deliveryId: begun.deliveryId,
      channelId: ready?.route.channelId,
      provider: ready?.opened.provider.name,
      attempt: begun.number,
      outcome: outcome.type,
      code: 'code' in outcome ? outcome.code : undefined,
      ms,
      next: result.type === 'settled' ? result.state : result.type,
      waitMs: result.type === 'wait' ? result.waitMs : undefined,
    });
    return result;
  }

  /** Beside the call, so that it costs no time; the outcome is a fact whether or not the words could be kept. */
  async function keep(workspaceId: string, deliveryId: string, ready: Prepared): Promise<void> {
    await keepOutput(db, { workspaceId, deliveryId, content: ready.rendered }).catch((error: Error) =>
      deps.log.warn({ event: 'output.not_kept', deliveryId, reason: error.name }),
    );
  }

  async function send(
    messageId: string,
    message: DeliveryContext,
    ready: Prepared,
    begun: Claimed,
  ): Promise<Outcome> {
    const { opened, route } = ready;
    const { recipient, email } = message.spec;
    try {
      return await opened.provider.send(
        {
          key: `${begun.deliveryId}-${begun.generation}`,
          workspaceId: message.workspaceId,
          messageId,
          deliveryId: begun.deliveryId,
          attempt: begun.number,
          channel: opened.channel,
          to: route.address,
          alsoTo: recipient.alsoTo ?? [],
          cc: recipient.cc ?? [],
          bcc: recipient.bcc ?? [],
          ...(ready.from ? { from: ready.from } : {}),
          ...(email?.inReplyTo === undefined ? {} : { inReplyTo: email.inReplyTo }),
          content: ready.rendered,
          attachments: ready.attachments,
          recipient: { id: recipient.id, data: ready.data },
        },
        cancellationSignal(),
      );
    } catch (error) {
      // A provider promises not to throw. One that does may have sent: in doubt, and its bug is in the log.
      deps.log.error({ err: error, messageId, provider: opened.provider.name }, 'provider threw');
      return { type: 'ambiguous', code: 'provider_threw', message: 'The provider adapter failed.' };
    }
  }
}

/** A message that ended in doubt has no attempt to make. */
function unlessUncertain(begun: Begun | Refused): Begun | Refused | 'uncertain' {
  return !begun.refused && begun.uncertain ? 'uncertain' : begun;
}

/** An open attempt was taken over, but the message can no longer be prepared: it may have been sent, and will not be again. */
function lostPreparation(): Outcome {
  return { type: 'ambiguous', code: 'not_prepared', message: 'The message could not be prepared again.' };
}

const NO_PROVIDER = { dedupeWindowMs: () => 0 };
