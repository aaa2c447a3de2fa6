import { createHmac } from 'node:crypto';
import { sameText } from './freshness';

/**
 * Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, keyed with the bytes behind `whsec_`; the header may hold
 * several signatures, of which one has to fit. Checked over the bytes that came, not over decoded text, in which two
 * bodies can look alike.
 */
export function isSignedStandard(
  signatures: string,
  webhookId: string,
  timestamp: string,
  rawBody: Buffer,
  secret: string,
): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key)
    .update(`${webhookId}.${timestamp}.`)
    .update(rawBody)
    .digest('base64');
  return signatures
    .split(' ')
    .map((one) => sameText(one, `v1,${expected}`))
    .includes(true);
}
