import { MESSAGE_STATES, type MessageState } from '../domain/states';
import { type QueuedEvent } from '../ledger/webhook-queue';
import { type MessageView } from '../service/views';

/**
 * A message as it stood at one of its events: a consumer who is told in order must not read "delivered" in the news of
 * "sending", only because the queue was long. Opened and clicked leave the state as it is now.
 */
export function asOf(view: MessageView, event: Pick<QueuedEvent, 'type' | 'at' | 'data'>): MessageView {
  const state = stateOf(event.type);
  if (state === undefined || (state === view.state && view.updatedAt <= event.at)) return view;
  const until = <T extends Date | null>(date: T): T | null =>
    date !== null && date <= event.at ? date : null;
  const text = (name: string): string | null => {
    const value = event.data[name];
    return typeof value === 'string' ? value : null;
  };
  return {
    ...view,
    state,
    reason: text('reason') as MessageView['reason'],
    waitReason: text('waitReason') as MessageView['waitReason'],
    detail: state === view.state ? view.detail : null,
    enqueuedAt: until(view.enqueuedAt),
    sentAt: until(view.sentAt),
    deliveredAt: until(view.deliveredAt),
    openedAt: until(view.openedAt),
    clickedAt: until(view.clickedAt),
    canceledAt: until(view.canceledAt),
    engaged: null,
    stateAt: event.at,
    updatedAt: event.at,
    deliveries: view.deliveries.filter((delivery) => delivery.createdAt <= event.at),
  };
}

function stateOf(type: string): MessageState | undefined {
  if (type === 'accepted') return 'pending';
  return MESSAGE_STATES.find((state) => state === type);
}
