import { createHash, createHmac, randomBytes } from 'node:crypto';
import { type WebhookForm } from '../domain/webhooks';
import { standardSignature } from '../providers/callbacks/standard-webhooks';

/** One call as it is signed: `body` is byte for byte what is sent. */
export interface SignedCall {
  /** Constant over all tries of one event. */
  readonly id: string;
  readonly url: string;
  readonly body: string;
  readonly atMs: number;
  /** Current first; in our own form every one signs, in the others the first. */
  readonly secrets: readonly string[];
}

/** Standard Webhooks asks for 24 to 64 bytes. */
const SECRET_BYTES = 32;

/** A fresh secret in the shape that the form's verifiers take. */
export function newSecret(form: WebhookForm): string {
  return form === 'standard'
    ? `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`
    : randomBytes(SECRET_BYTES).toString('base64url');
}

/** The headers by which a receiver can tell that a call is ours, and new. */
export const signatureHeaders: Readonly<Record<WebhookForm, (call: SignedCall) => Record<string, string>>> = {
  standard: signStandard,
  courier: signCourier,
  bird: signBird,
};

/** Standard Webhooks 1.0: id, timestamp (s) and one signature a secret, separated by spaces, while a secret is rotated. */
function signStandard({ id, body, atMs, secrets }: SignedCall): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1_000));
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets.map((secret) => standardSignature(secret, id, timestamp, body)).join(' '),
  };
}

/** Courier's: `t=<epoch ms>,signature=<hex HMAC-SHA256 of "t.body">`. The id, which theirs has not, goes beside it. */
function signCourier({ id, body, atMs, secrets }: SignedCall): Record<string, string> {
  const signature = createHmac('sha256', currentOf(secrets)).update(`${atMs}.${body}`).digest('hex');
  return { 'webhook-id': id, 'courier-signature': `t=${atMs},signature=${signature}` };
}

/** Bird's: base64 HMAC-SHA256 over the timestamp (s), the full URL and the raw SHA-256 of the body. */
function signBird({ id, url, body, atMs, secrets }: SignedCall): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1_000));
  const signed = Buffer.concat([
    Buffer.from(`${timestamp}\n${urlAsCalled(url)}\n`, 'utf8'),
    createHash('sha256').update(body, 'utf8').digest(),
  ]);
  return {
    'webhook-id': id,
    'messagebird-request-timestamp': timestamp,
    'messagebird-signature': createHmac('sha256', currentOf(secrets)).update(signed).digest('base64'),
  };
}

/** What the receiver sees: a client encodes it, and sends no fragment. */
function urlAsCalled(text: string): string {
  const url = new URL(text);
  url.hash = '';
  return url.href;
}

function currentOf(secrets: readonly string[]): string {
  const [current] = secrets;
  if (current === undefined) throw new RangeError('an endpoint has one secret at least');
  return current;
}
