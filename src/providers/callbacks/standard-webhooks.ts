import { createHmac, createSecretKey } from 'node:crypto';
import { sameText } from './freshness';

/**
 * Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, keyed with the bytes behind `whsec_`, as `v1,<base64>`. By Node's own:
 * the library's is in JavaScript, and took a tenth of what a call costs the worker (10 us for 800 bytes). The key as an object: of
 * bytes, Node 24 first throws twice to find out that they are none (11 us instead of 3).
 * @param timestamp seconds since the epoch.
 */
export function standardSignature(
  secret: string,
  webhookId: string,
  timestamp: string,
  body: string | Buffer,
): string {
  const key = createSecretKey(secret.replace(/^whsec_/, ''), 'base64');
  const mac = createHmac('sha256', key).update(`${webhookId}.${timestamp}.`).update(body);
  return `v1,${mac.digest('base64')}`;
}

/**
 * The header may hold several signatures, of which one has to fit. Checked over the bytes that came, not over decoded text, in
 * which two bodies can look alike.
 */
export function isSignedStandard(
  signatures: string,
  webhookId: string,
  timestamp: string,
  rawBody: Buffer,
  secret: string,
): boolean {
  const expected = standardSignature(secret, webhookId, timestamp, rawBody);
  return signatures
    .split(' ')
    .map((one) => sameText(one, expected))
    .includes(true);
}
