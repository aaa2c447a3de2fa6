import { parseUrl } from '../../domain/parse-url';
import { isUtf8 } from 'node:buffer';
import { TWILIO_DELIVERY_PARAMETER, TWILIO_MESSAGE_PARAMETER } from '../twilio-form';
import {
  type CallbackReader,
  type CallbackRequest,
  headerOf,
  type ProviderEvent,
  type ProviderEventType,
  refuse,
} from './contract';
import { isUuid } from './our-ids';
import { hasFolded, isSignedByTwilio } from './twilio-signature';
import { fateOfTwilioCode } from './twilio-codes';

const MESSAGE_SID = /^(SM|MM)[0-9a-f]{32}$/;
const ERROR_CODE = /^\d{1,6}$/;
/** What an event is made of: nothing of it may hide in another parameter. */
const TELLING = ['AccountSid', 'ErrorCode', 'MessageSid', 'MessageStatus'];

/** Up to `sent` they all say the same to us: Twilio has it. Stored once, by whichever comes first. */
const PROGRESS: Readonly<Record<string, ProviderEventType>> = {
  accepted: 'sent',
  scheduled: 'sent',
  queued: 'sent',
  sending: 'sent',
  sent: 'sent',
  delivered: 'delivered',
  read: 'opened',
};
/** Some fifty times what Twilio sends. */
const MAX_FORM_BYTES = 65_536;
const LOST = new Set(['undelivered', 'failed']);

/**
 * Twilio's status callbacks. They carry no timestamp, so age cannot be told: a replay is the same fact again, which its
 * dedupe id stores once, and the message is bound by the signed URL and SID.
 */
export const twilioCallbacks: CallbackReader = {
  name: 'twilio',
  read(request, channel) {
    const { accountSid } = channel.settings as { accountSid: string };
    const { authToken } = channel.credentials as { authToken: string };
    const signature = headerOf(request, 'x-twilio-signature');
    if (signature === undefined) return refuse(401, 'X-Twilio-Signature is missing.');
    if (request.rawBody.length > MAX_FORM_BYTES) return refuse(400, 'The form is larger than a callback is.');
    // Bytes that decoding would replace make two bodies look like one.
    if (!isUtf8(request.rawBody)) return refuse(401, 'The body is no form of UTF-8.');
    const form = new URLSearchParams(request.rawBody.toString('utf8'));
    if (!isSignedByTwilio(signature, request.url, form, authToken)) {
      return refuse(401, 'X-Twilio-Signature does not fit the URL and the form.');
    }
    if (hasFolded(TELLING, request.url, form)) return refuse(401, 'The form is not the one that was signed.');
    if (only(form, 'AccountSid') !== accountSid) return refuse(401, 'The callback is of another account.');
    const sid = only(form, 'MessageSid') ?? '';
    const status = only(form, 'MessageStatus') ?? '';
    if (!MESSAGE_SID.test(sid) || status === '') {
      return refuse(400, 'The callback names no message or no status.');
    }
    return { ok: true, events: eventsOf(request, form, sid, status) };
  },
};

function eventsOf(
  request: CallbackRequest,
  form: URLSearchParams,
  sid: string,
  status: string,
): readonly ProviderEvent[] {
  const common = { vendorId: sid, ...ourIdsOf(request.url), atMs: request.nowMs };
  const progress = Object.hasOwn(PROGRESS, status) ? PROGRESS[status] : undefined;
  if (progress !== undefined) return [{ ...common, type: progress, dedupe: `${sid}:${progress}` }];
  // A status that is new to us is a fact we cannot place: taken, so that it is not sent again for a day.
  if (!LOST.has(status)) return [];
  const given = only(form, 'ErrorCode') ?? '';
  const code = ERROR_CODE.test(given) ? given : undefined;
  const { type, hard, detail, unsubscribes } = fateOfTwilioCode(code);
  const lost: ProviderEvent = {
    ...common,
    type,
    dedupe: `${sid}:${status}`,
    ...(code === undefined ? {} : { code }),
    ...(hard === undefined ? {} : { hard }),
    ...(detail === undefined ? {} : { detail }),
  };
  return unsubscribes ? [lost, { ...common, type: 'unsubscribed', dedupe: `${sid}:unsubscribed` }] : [lost];
}

/** The ids that our StatusCallback carries; they are in the signed URL, so Twilio has them from us. */
function ourIdsOf(url: string): Pick<ProviderEvent, 'messageId' | 'deliveryId'> {
  const parameters = parseUrl(url)?.searchParams ?? new URLSearchParams();
  const messageId = parameters.get(TWILIO_MESSAGE_PARAMETER);
  const deliveryId = parameters.get(TWILIO_DELIVERY_PARAMETER);
  return {
    ...(isUuid(messageId) ? { messageId } : {}),
    ...(isUuid(deliveryId) ? { deliveryId } : {}),
  };
}

/** A parameter that is there once. */
function only(form: URLSearchParams, name: string): string | undefined {
  const values = form.getAll(name);
  return values.length === 1 ? values[0] : undefined;
}
