import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { type SentMessage } from '../corpus/sent';

/** One POST as a vendor makes it. */
export interface VendorCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
  readonly events: number;
}

const BATCH = 1_000;

/**
 * SendGrid's event webhook over mails: each is delivered or bounces, some are opened and some clicked, in signed batches of
 * 1,000 events, until the mails run out.
 */
export function sendgridVendor(mails: readonly SentMessage[]) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const facts = factsOf(mails);
  return {
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    next(url: string): VendorCall | undefined {
      const batch = Array.from({ length: BATCH }, () => facts.next().value).filter((fact) => !!fact);
      if (batch.length < BATCH) return undefined;
      const timestamp = String(Math.floor(Date.now() / 1_000));
      const body = Buffer.from(`${JSON.stringify(batch)}\r\n`);
      const signature = sign('sha256', Buffer.concat([Buffer.from(timestamp), body]), privateKey);
      const headers = {
        'content-type': 'application/json',
        'x-twilio-email-event-webhook-signature': signature.toString('base64'),
        'x-twilio-email-event-webhook-timestamp': timestamp,
      };
      return { url, headers, body, events: BATCH };
    },
  };
}

function* factsOf(mails: readonly SentMessage[]): Generator<Record<string, unknown>, undefined> {
  let number = 0;
  const fact = ({ messageId, deliveryId }: SentMessage, event: string, more = {}) => ({
    ...{ email: 'user@example.test', timestamp: Math.floor(Date.now() / 1_000), event, ...more },
    ...{ sg_event_id: `bench-${(number += 1)}`, volley_message: messageId, volley_delivery: deliveryId },
  });
  for (const [index, mail] of mails.entries()) {
    if (index % 33 === 0) {
      yield fact(mail, 'bounce', { type: 'blocked', status: '4.2.2', reason: 'mailbox full' });
      continue;
    }
    yield fact(mail, 'delivered');
    if (index % 5 < 2) yield fact(mail, 'open');
    if (index % 10 === 0) yield fact(mail, 'click');
  }
  return undefined;
}

export const TWILIO_ACCOUNT = `AC${'0'.repeat(32)}`;
export const TWILIO_TOKEN = randomBytes(16).toString('hex');

/** Twilio's status callbacks: one POST for each message, which was delivered. */
export function twilioVendor(messages: readonly SentMessage[]) {
  let index = 0;
  return {
    next(base: string): VendorCall | undefined {
      const message = messages[index];
      index += 1;
      if (!message) return undefined;
      const url = `${base}?volley_message=${message.messageId}&volley_delivery=${message.deliveryId}`;
      const sid = `SM${message.messageId.replaceAll('-', '')}`;
      const form = { AccountSid: TWILIO_ACCOUNT, MessageSid: sid, MessageStatus: 'delivered' };
      // The parameters, sorted by name, follow the URL without separators.
      const text = Object.entries(form).reduce((all, [name, value]) => all + name + value, url);
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': createHmac('sha1', TWILIO_TOKEN).update(text).digest('base64'),
      };
      return { url, headers, body: new URLSearchParams(form).toString(), events: 1 };
    },
  };
}
