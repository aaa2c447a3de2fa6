import { z } from 'zod';
import { type Provider } from './contract';
import { type Egress } from './egress/guarded-client';
import { outcomeOfEgressError } from './http-outcome';
import { buildTwilioForm } from './twilio-form';
import { outcomeOfTwilio } from './twilio-outcome';

/** A number in E.164, a short code, or an alphanumeric sender of up to 11 characters. */
const SENDER = /^(\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/;
const SECRET = /^[\x21-\x7e]{1,200}$/;

const settingsSchema = z
  .strictObject({
    accountSid: z.string().regex(/^AC[0-9a-f]{32}$/, 'must be "AC" and 32 hexadecimal digits'),
    from: z.string().regex(SENDER, 'must be a number, a short code or an alphanumeric sender').optional(),
    messagingServiceSid: z
      .string()
      .regex(/^MG[0-9a-f]{32}$/, 'must be "MG" and 32 hexadecimal digits')
      .optional(),
    /** WhatsApp uses the same API with `whatsapp:` before the numbers. */
    sender: z.enum(['sms', 'whatsapp']).default('sms'),
    /**
     * Send pictures as media. Default: with WhatsApp only. Few countries have MMS, and the text has their links already.
     */
    media: z.boolean().optional(),
    /** Seconds that Twilio may keep a message queued before it gives up (their ValidityPeriod). */
    validityPeriodSeconds: z.int().min(1).max(36_000).optional(),
    baseUrl: z
      .url({ protocol: /^https?$/ })
      .max(2048)
      .regex(/^[^?#]*$/, 'must have no query')
      .default('https://api.twilio.com'),
    /** Where Twilio reports what became of a message. Without it nothing is heard after acceptance. */
    callbackUrl: z
      .url({ protocol: /^https?$/ })
      .max(2048)
      .regex(/^[^#]*$/, 'must have no fragment')
      .optional(),
  })
  .refine(
    ({ from, messagingServiceSid }) => (from === undefined) !== (messagingServiceSid === undefined),
    'give either from or messagingServiceSid',
  );
export type TwilioSettings = z.output<typeof settingsSchema>;

const credentialsSchema = z
  .strictObject({
    /** Also verifies callbacks, so it is wanted beside an API key. */
    authToken: z.string().regex(SECRET, 'must be visible ASCII without blanks'),
    apiKeySid: z
      .string()
      .regex(/^SK[0-9a-f]{32}$/, 'must be "SK" and 32 hexadecimal digits')
      .optional(),
    apiKeySecret: z.string().regex(SECRET, 'must be visible ASCII without blanks').optional(),
  })
  .refine(
    ({ apiKeySid, apiKeySecret }) => (apiKeySid === undefined) === (apiKeySecret === undefined),
    'give apiKeySid and apiKeySecret together',
  );
export type TwilioCredentials = z.output<typeof credentialsSchema>;

const CONNECT_TIMEOUT_MS = 5_000;
/** Twilio queues and answers; longer than this is an outage. */
const TOTAL_TIMEOUT_MS = 15_000;

/**
 * SMS and WhatsApp over Twilio's Messages resource. It has no idempotency key, so the window is 0; our ids travel in the
 * query of StatusCallback, which Twilio signs and gives back.
 */
export function createTwilio(deps: {
  egress: Egress;
  now?: () => number;
  /** For tests. */
  totalTimeoutMs?: number;
}): Provider<TwilioSettings, TwilioCredentials> {
  const now = deps.now ?? Date.now;
  const totalTimeoutMs = deps.totalTimeoutMs ?? TOTAL_TIMEOUT_MS;
  return {
    name: 'twilio',
    kinds: ['sms'],
    settings: settingsSchema,
    credentials: credentialsSchema,
    totalTimeoutMs,
    dedupeWindowMs: () => 0,
    endpoint: (settings) => settings.baseUrl,
    network: ({ sender }) => (sender === 'whatsapp' ? sender : undefined),
    async send(request, signal) {
      const { settings, credentials } = request.channel;
      const built = buildTwilioForm(request, settings);
      if (!built.ok) return built.outcome;
      const base = settings.baseUrl.replace(/\/+$/, '');
      try {
        const response = await deps.egress.request({
          url: `${base}/2010-04-01/Accounts/${settings.accountSid}/Messages.json`,
          method: 'POST',
          headers: {
            authorization: authorizationOf(settings, credentials),
            'content-type': 'application/x-www-form-urlencoded',
            accept: 'application/json',
            'user-agent': 'Volley',
          },
          body: built.form.toString(),
          connectTimeoutMs: CONNECT_TIMEOUT_MS,
          totalTimeoutMs,
          signal,
        });
        return outcomeOfTwilio(response, now());
      } catch (error) {
        return outcomeOfEgressError(error);
      }
    },
  };
}

/** An API key where there is one: it can be revoked alone. */
function authorizationOf(settings: TwilioSettings, credentials: TwilioCredentials): string {
  const { apiKeySid, apiKeySecret, authToken } = credentials;
  const user = apiKeySid ?? settings.accountSid;
  return `Basic ${Buffer.from(`${user}:${apiKeySecret ?? authToken}`).toString('base64')}`;
}
