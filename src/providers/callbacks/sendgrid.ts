import { type CallbackReader, headerOf, refuse } from './contract';
import { isFresh } from './freshness';
import { sendgridEvent } from './sendgrid-events';
import { isSignedBySendgrid } from './sendgrid-signature';

/** SendGrid sends some thousands at most; a body that says more is not one of its batches. */
const MAX_EVENTS = 10_000;

/**
 * SendGrid's signed event webhook: a batch of events, of every mail of the account. What is of another workspace, was not
 * sent by Volley or is a kind of event that means nothing here gives no event; it is still taken, because SendGrid
 * repeats a refused batch for a day, whole.
 */
export const sendgridCallbacks: CallbackReader = {
  name: 'sendgrid',
  read(request, channel) {
    const { eventPublicKey } = channel.settings as { eventPublicKey?: string };
    if (eventPublicKey === undefined) {
      return refuse(401, 'The channel has no eventPublicKey to verify events with.');
    }
    const signature = headerOf(request, 'x-twilio-email-event-webhook-signature');
    const timestamp = headerOf(request, 'x-twilio-email-event-webhook-timestamp');
    if (signature === undefined || timestamp === undefined) {
      return refuse(401, 'The signature or its timestamp is missing.');
    }
    if (!isSignedBySendgrid(signature, timestamp, request.rawBody, eventPublicKey)) {
      return refuse(401, 'The signature does not fit the timestamp and the body.');
    }
    if (!isFresh(timestamp, request.nowMs))
      return refuse(401, 'The timestamp is not of the last five minutes.');
    const batch = batchOf(request.rawBody);
    if (!batch) return refuse(400, 'The body is no JSON array of events.');
    if (batch.length > MAX_EVENTS) return refuse(400, `The batch has more than ${MAX_EVENTS} events.`);
    const events = batch.map((one) => sendgridEvent(one, channel.workspaceId, request.nowMs));
    return { ok: true, events: events.filter((event) => event !== undefined) };
  },
};

function batchOf(rawBody: Buffer): readonly unknown[] | undefined {
  try {
    const batch = JSON.parse(rawBody.toString('utf8')) as unknown;
    return Array.isArray(batch) ? (batch as unknown[]) : undefined;
  } catch {
    return undefined;
  }
}
