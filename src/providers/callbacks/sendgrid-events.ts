import { createHash } from 'node:crypto';
import { type ProviderEvent } from './contract';
import { discreet } from './discreet';
import { pastMs } from './freshness';
import { isUuid } from './our-ids';

type Raw = Readonly<Record<string, unknown>>;
type What = Pick<ProviderEvent, 'type' | 'hard' | 'code' | 'detail'>;

const EVENT_ID = /^[\x21-\x7e]{1,200}$/;
const STATUS = /^[245]\.\d{1,3}\.\d{1,3}$/;
/** After the id that Mail Send answered with, SendGrid writes where in its works the event comes from. */
const SG_MESSAGE_ID = /^([A-Za-z0-9._-]{1,200}?)(?:\.(?:filter|recvd)[A-Za-z0-9._-]*)?$/;

/** Reasons of `dropped` that condemn the address; SendGrid has seen it bounce before, or cannot read it. */
const DEAD_ADDRESS = /^(bounced address|invalid)\b/i;

/** One event of a batch in our words; undefined where it is not ours or says nothing that has a place here. */
export function sendgridEvent(raw: unknown, workspaceId: string, nowMs: number): ProviderEvent | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const event = raw as Raw;
  const what = whatOf(event);
  if (!what) return undefined;
  // An account may serve several workspaces, and other systems: only what we sent for this one counts.
  if (event['volley_workspace'] !== undefined && event['volley_workspace'] !== workspaceId) return undefined;
  const ids = idsOf(event);
  if (Object.keys(ids).length === 0) return undefined;
  const { email, timestamp } = event;
  return {
    ...ids,
    ...what,
    atMs: pastMs(typeof timestamp === 'number' ? timestamp * 1000 : Number.NaN, nowMs),
    dedupe: dedupeOf(event),
    ...(typeof email === 'string' && email.length <= 320 ? { recipient: email } : {}),
  };
}

function whatOf(event: Raw): What | undefined {
  switch (event['event']) {
    case 'processed':
      return { type: 'sent' };
    case 'delivered':
      return { type: 'delivered' };
    case 'deferred':
      return { type: 'deferred', ...explained(event, 'response') };
    case 'bounce':
      return bounceOf(event);
    case 'dropped':
      return dropOf(event);
    case 'spamreport':
      return { type: 'complained' };
    case 'open':
      return event['sg_machine_open'] === true
        ? { type: 'opened', detail: 'Opened by the mail program, not by a person.' }
        : { type: 'opened' };
    case 'click':
      return { type: 'clicked' };
    case 'unsubscribe':
    case 'group_unsubscribe':
      return { type: 'unsubscribed' };
    default:
      return undefined;
  }
}

/** `bounce`: the address is bad. `blocked`: refused this time, for reputation, content or a full mailbox. */
function bounceOf(event: Raw): What {
  const explanation = explained(event, 'reason');
  if (event['type'] === 'expired') return { type: 'carrier_expired', ...explanation };
  return { type: 'bounced', hard: event['type'] !== 'blocked', ...explanation };
}

/** SendGrid did not even try. Its reasons are a short list of its own words. */
function dropOf(event: Raw): What {
  const reason = typeof event['reason'] === 'string' ? event['reason'] : '';
  const detail = discreet(reason);
  const why = { code: 'dropped', ...(detail === undefined ? {} : { detail }) };
  return DEAD_ADDRESS.test(reason)
    ? { type: 'bounced', hard: true, ...why }
    : { type: 'carrier_refused', ...why };
}

function explained(event: Raw, field: 'reason' | 'response'): Pick<ProviderEvent, 'code' | 'detail'> {
  const { status } = event;
  const detail = discreet(event[field]);
  return {
    ...(typeof status === 'string' && STATUS.test(status) ? { code: status } : {}),
    ...(detail === undefined ? {} : { detail }),
  };
}

function idsOf(event: Raw): Pick<ProviderEvent, 'vendorId' | 'messageId' | 'deliveryId'> {
  const { sg_message_id: given, volley_message: messageId, volley_delivery: deliveryId } = event;
  const vendorId = typeof given === 'string' ? SG_MESSAGE_ID.exec(given)?.[1] : undefined;
  return {
    ...(vendorId === undefined ? {} : { vendorId }),
    ...(isUuid(messageId) ? { messageId } : {}),
    ...(isUuid(deliveryId) ? { deliveryId } : {}),
  };
}

/** SendGrid's own id of the event; where it is missing, a hash of what makes the event this one. */
function dedupeOf(event: Raw): string {
  const { sg_event_id: given } = event;
  if (typeof given === 'string' && EVENT_ID.test(given)) return given;
  const { event: name, timestamp, email, sg_message_id: mail, volley_delivery: delivery } = event;
  const identity = JSON.stringify([name, timestamp, email, mail, delivery]);
  return `sha256:${createHash('sha256').update(identity).digest('hex').slice(0, 40)}`;
}
