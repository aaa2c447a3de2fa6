import { z } from 'zod';
import { type Provider } from './contract';
import { isEventPublicKey } from './callbacks/sendgrid-signature';
import { type Egress } from './egress/guarded-client';
import { isEmailAddress, isIdentityPattern } from './email-address';
import { isHeaderText } from './email-headers';
import { outcomeOfEgressError } from './http-outcome';
import { buildSendgridMail } from './sendgrid-mail';
import { outcomeOfSendgrid } from './sendgrid-outcome';

const API_KEY = /^[\x21-\x7e]{1,200}$/;

const settingsSchema = z.strictObject({
  /** Accounts in the EU have a host of their own; tests have a local one. */
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .regex(/^[^?#]*$/, 'must have no query')
    .default('https://api.sendgrid.com'),
  /** From addresses or `@domain` that the channel may send as; SendGrid wants each of them verified. */
  identities: z
    .array(z.string().refine(isIdentityPattern, 'must be an address or @domain'))
    .min(1)
    .max(100)
    .refine(
      ([first]) => first !== undefined && isEmailAddress(first),
      'the first must be an address: it is the default',
    ),
  defaultFromName: z.string().max(100).refine(isHeaderText, 'must be one line').optional(),
  /** Verification key of the signed event webhook. Without it no event is believed. */
  eventPublicKey: z
    .string()
    .max(1024)
    .refine(isEventPublicKey, 'must be the base64 of an ECDSA P-256 public key, as SendGrid shows it')
    .optional(),
});
export type SendgridSettings = z.output<typeof settingsSchema>;

const credentialsSchema = z.strictObject({
  apiKey: z.string().regex(API_KEY, 'must be visible ASCII without blanks'),
});
export type SendgridCredentials = z.output<typeof credentialsSchema>;

const CONNECT_TIMEOUT_MS = 5_000;
/** SendGrid answers once the mail is queued, but a mail may be 30 MB on its way up. */
const TOTAL_TIMEOUT_MS = 30_000;

/**
 * E-mail over SendGrid's v3 Mail Send. It documents no idempotency key, so the window is 0; our ids travel as
 * `custom_args`, which every event of the mail gives back.
 */
export function createSendgrid(deps: {
  egress: Egress;
  now?: () => number;
  /** For tests. */
  totalTimeoutMs?: number;
}): Provider<SendgridSettings, SendgridCredentials> {
  const now = deps.now ?? Date.now;
  const totalTimeoutMs = deps.totalTimeoutMs ?? TOTAL_TIMEOUT_MS;
  return {
    name: 'sendgrid',
    kinds: ['email'],
    settings: settingsSchema,
    credentials: credentialsSchema,
    totalTimeoutMs,
    dedupeWindowMs: () => 0,
    identities: (settings) => settings.identities,
    endpoint: (settings) => settings.baseUrl,
    async send(request, signal) {
      const { settings, credentials } = request.channel;
      const built = buildSendgridMail(request, settings);
      if (!built.ok) return built.outcome;
      try {
        const response = await deps.egress.request({
          url: `${settings.baseUrl.replace(/\/+$/, '')}/v3/mail/send`,
          method: 'POST',
          headers: {
            authorization: `Bearer ${credentials.apiKey}`,
            'content-type': 'application/json',
            'user-agent': 'Volley',
          },
          body: JSON.stringify(built.mail),
          connectTimeoutMs: CONNECT_TIMEOUT_MS,
          totalTimeoutMs,
          signal,
        });
        return outcomeOfSendgrid(response, now());
      } catch (error) {
        return outcomeOfEgressError(error);
      }
    },
  };
}
