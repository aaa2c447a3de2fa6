import { type Engagement } from '../domain/outward';
import { MESSAGE_STATES, type MessageState } from '../domain/states';
import { type QueuedEvent } from '../ledger/webhook-queue';
import { type MessageView } from '../service/views';

/** Events that only a message has which went out. */
const AFTER_SENDING: readonly string[] = ['delivered', 'undelivered', 'opened', 'clicked'];

/**
 * A message as it stood at one of its events: a consumer who is told in order must not read "delivered" in the news of
 * "sending", nor "clicked" in that of "opened", only because the queue was long.
 */
export function asOf(view: MessageView, event: Pick<QueuedEvent, 'type' | 'at' | 'data'>): MessageView {
  const state = stateOf(view, event);
  if (state === undefined || (state === view.state && view.updatedAt <= event.at)) return view;
  const until = <T extends Date | null>(date: T): T | null =>
    date !== null && date <= event.at ? date : null;
  const text = (name: string): string | null => {
    const value = event.data[name];
    return typeof value === 'string' ? value : null;
  };
  // Providers tell whole seconds by clocks of their own: what comes after sending may be dated before it.
  const wasSent = AFTER_SENDING.includes(event.type);
  const sentAt = wasSent ? view.sentAt : until(view.sentAt);
  const deliveredAt = until(view.deliveredAt);
  const engagement = isEngagement(event.type);
  // Opening and clicking are no change of state: why and since when it has its own stays.
  const keeps = engagement && state === view.state;
  return {
    ...view,
    state,
    reason: keeps ? view.reason : (text('reason') as MessageView['reason']),
    waitReason: keeps ? view.waitReason : (text('waitReason') as MessageView['waitReason']),
    detail: state === view.state ? view.detail : null,
    enqueuedAt: wasSent ? view.enqueuedAt : until(view.enqueuedAt),
    ...{ sentAt, deliveredAt },
    openedAt: until(view.openedAt),
    clickedAt: until(view.clickedAt),
    canceledAt: until(view.canceledAt),
    engaged: engagementOf(view, event),
    stateAt: keeps ? view.stateAt : ((engagement ? (deliveredAt ?? sentAt) : null) ?? event.at),
    updatedAt: event.at,
    deliveries: view.deliveries
      .filter(({ createdAt }) => wasSent || createdAt <= event.at)
      .map((delivery) => ({
        ...delivery,
        vendorId: wasSent || until(delivery.namedAt) ? delivery.vendorId : null,
        leftAt: until(delivery.leftAt),
      })),
  };
}

/** Undefined for what says nothing about the state, which is then shown as it is now. */
function stateOf(
  view: MessageView,
  { type, at }: Pick<QueuedEvent, 'type' | 'at'>,
): MessageState | undefined {
  if (type === 'accepted') return 'pending';
  if (!isEngagement(type)) return MESSAGE_STATES.find((state) => state === type);
  if (view.stateAt <= at) return view.state;
  // Whoever reads it has got it: before its state changed again, it was one of these two.
  return view.deliveredAt !== null && view.deliveredAt <= at ? 'delivered' : 'sent';
}

function engagementOf(view: MessageView, { type, at }: Pick<QueuedEvent, 'type' | 'at'>): Engagement | null {
  if (!isEngagement(type)) return null;
  return type === 'clicked' || (view.clickedAt !== null && view.clickedAt < at) ? 'clicked' : 'opened';
}

const isEngagement = (type: string): type is Engagement => type === 'opened' || type === 'clicked';
