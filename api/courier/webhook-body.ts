import { type MessageView } from '../../src/service/views';
import { messageBody } from './get-message';

/** Courier's `message:updated`: what GET /messages/{messageId} says, and the recipient's id under their other name for it. */
export function courierWebhookBody(view: MessageView): unknown {
  return { type: 'message:updated', data: { ...messageBody(view), recipientId: view.recipientId } };
}
