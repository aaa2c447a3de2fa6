import { type DeliverResult } from '../../workflows/contract';
import { type JobKind } from '../../src/domain/states';
import { type Claimed } from '../../src/ledger/attempts';
import { type DeliveryContext } from '../../src/ledger/delivery-context';
import { keepOutput } from '../../src/ledger/outputs';
import { type Outcome } from '../../src/providers/contract';
import { type Dependencies } from '../dependencies';
import { type FinishInput } from './finish-attempt';
import { type Prepared } from './prepare';
import { type Run } from './run';

/** Writes an outcome down, and says what the caller should do. */
export type Finish = (input: FinishInput) => Promise<DeliverResult>;

export interface Call {
  readonly run: Run;
  readonly jobKind: JobKind;
  readonly messageId: string;
  readonly attemptId: string;
  readonly message: DeliveryContext;
  /** Absent where an open attempt was taken over and the message can no longer be prepared. */
  readonly ready: Prepared | undefined;
  readonly begun: Claimed;
  /** The claim has kept the words. */
  readonly kept?: true;
}

/** Calls the provider for an attempt that was begun, and has its outcome written down. One log line and one metric a call. */
export function createCaller(deps: Dependencies, finish: Finish): (input: Call) => Promise<DeliverResult> {
  return async (input) => {
    const { message, ready, begun, messageId } = input;
    const callStartedAtMs = Date.now();
    const kept = ready && !input.kept ? keep(message.workspaceId, begun.deliveryId, ready) : undefined;
    const outcome = ready ? await send(input, ready) : lostPreparation();
    await kept;
    const result = await finish({
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
      messageId,
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
  };

  /** Beside the call, so that it costs no time; the outcome is a fact whether or not the words could be kept. */
  async function keep(workspaceId: string, deliveryId: string, ready: Prepared): Promise<void> {
    await keepOutput(deps.db, { workspaceId, deliveryId, content: ready.rendered }).catch((error: Error) =>
      deps.log.warn({ event: 'output.not_kept', deliveryId, reason: error.name }),
    );
  }

  async function send({ messageId, message, begun, run }: Call, ready: Prepared): Promise<Outcome> {
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
        run.signal,
      );
    } catch (error) {
      // A provider promises not to throw. One that does may have sent: in doubt, and its bug is in the log.
      deps.log.error({ err: error, messageId, provider: opened.provider.name }, 'provider threw');
      return { type: 'ambiguous', code: 'provider_threw', message: 'The provider adapter failed.' };
    }
  }
}

/** An open attempt was taken over, but the message can no longer be prepared: it may have been sent, and will not be again. */
function lostPreparation(): Outcome {
  return { type: 'ambiguous', code: 'not_prepared', message: 'The message could not be prepared again.' };
}

const NO_PROVIDER = { dedupeWindowMs: () => 0 };
