import { type MessageView } from '../../src/service/views';
import { recordBody } from './message-body';

/** Courier's `message:updated`: what GET /messages/{messageId} says, and the recipient's id under their other name for it. */
export function courierWebhookBody(view: MessageView): unknown {
  return { type: 'message:updated', data: { ...recordBody(view), recipientId: view.recipientId } };
}
