import { v5 as uuidv5 } from 'uuid';
import { toCourierId } from '../domain/ids';
import { type TEST_TYPE, type WebhookType } from '../domain/webhooks';
import { type QueuedEvent } from '../ledger/webhook-queue';

/** Namespace of webhook ids (a random UUID of our own). */
const ID_NAMESPACE = '6f6b8a0e-5a0c-4d0f-9a67-3a1c6f0b2d11';

/**
 * The id of an event for receivers: the same at every try and replay; says nothing of how many there are; has no dot. Not of its
 * number alone: a restored ledger counts on from an old one, and gives the same numbers to other events.
 */
export function webhookIdOf(event: Pick<QueuedEvent, 'id' | 'at' | 'type' | 'messageId' | 'jobId'>): string {
  const { id, at, type, messageId, jobId } = event;
  return `evt_${uuidv5([id, at.toISOString(), type, messageId ?? jobId ?? ''].join('/'), ID_NAMESPACE)}`;
}

/** What goes out in our own form: facts of the event's moment, so that every try has the same bytes. */
export interface StandardBody {
  readonly type: WebhookType | typeof TEST_TYPE;
  /** When it happened, ISO 8601. */
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The body of one event. No address and no content: who needs those asks for the message by its id. */
export function standardBody(
  type: StandardBody['type'],
  event: QueuedEvent,
  workspaceId: string,
): StandardBody {
  const { jobId, jobKind, messageId, recipientId } = event;
  return {
    type,
    timestamp: event.at.toISOString(),
    data: {
      workspaceId,
      ...(jobId === null ? {} : { jobId, jobKind, courierJobId: toCourierId(jobId) }),
      ...(messageId === null ? {} : { messageId, courierMessageId: toCourierId(messageId), recipientId }),
      ...event.data,
    },
  };
}
