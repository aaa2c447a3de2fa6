import { type Outcome, type SendRequest } from './contract';

export interface TwilioSender {
  readonly from?: string | undefined;
  readonly messagingServiceSid?: string | undefined;
  readonly sender: 'sms' | 'whatsapp';
  readonly media?: boolean | undefined;
  readonly validityPeriodSeconds?: number | undefined;
  readonly callbackUrl?: string | undefined;
}

export type BuiltTwilioForm =
  { readonly ok: true; readonly form: URLSearchParams } | { readonly ok: false; readonly outcome: Outcome };

/** Of the query of StatusCallback; `callbacks/twilio.ts` reads them. */
export const TWILIO_MESSAGE_PARAMETER = 'volley_message';
export const TWILIO_DELIVERY_PARAMETER = 'volley_delivery';

const E164 = /^\+[1-9]\d{6,14}$/;
/** How people write numbers; Twilio takes the digits alone. */
const PUNCTUATION = /[\s().-]/g;
/** Twilio's limits: ten pictures in an MMS, one in a WhatsApp message. */
const MAX_MEDIA = { sms: 10, whatsapp: 1 } as const;

/** The form of `POST …/Messages.json`. A fault is permanent: the same message will not get better. */
export function buildTwilioForm(request: SendRequest, settings: TwilioSender): BuiltTwilioForm {
  const prefix = settings.sender === 'whatsapp' ? 'whatsapp:' : '';
  const to = request.to.replace(/^whatsapp:/, '').replace(PUNCTUATION, '');
  if (!E164.test(to)) {
    return refused('invalid_recipient', 'The recipient has no phone number in international form.');
  }
  const { text, images } = request.content;
  const sendsMedia = settings.media ?? settings.sender === 'whatsapp';
  const media = sendsMedia ? images.slice(0, MAX_MEDIA[settings.sender]) : [];
  if (text === '' && media.length === 0) {
    return refused('content_missing', 'Twilio takes no message without text or a picture.');
  }

  const form = new URLSearchParams({ To: `${prefix}${to}` });
  if (settings.messagingServiceSid !== undefined)
    form.set('MessagingServiceSid', settings.messagingServiceSid);
  else form.set('From', `${prefix}${settings.from ?? ''}`);
  if (text !== '') form.set('Body', text);
  for (const { url } of media) form.append('MediaUrl', url);
  if (settings.callbackUrl !== undefined)
    form.set('StatusCallback', callbackOf(settings.callbackUrl, request));
  if (settings.validityPeriodSeconds !== undefined) {
    form.set('ValidityPeriod', String(settings.validityPeriodSeconds));
  }
  return { ok: true, form };
}

/** With our ids in the query, a callback that comes before the answer finds its message. */
function callbackOf(callbackUrl: string, { messageId, deliveryId }: SendRequest): string {
  const url = new URL(callbackUrl);
  url.searchParams.set(TWILIO_MESSAGE_PARAMETER, messageId);
  url.searchParams.set(TWILIO_DELIVERY_PARAMETER, deliveryId);
  return url.toString();
}

function refused(code: string, message: string): BuiltTwilioForm {
  return { ok: false, outcome: { type: 'permanent', code, message, reason: 'provider_refused' } };
}
