import { createPublicKey, type KeyObject, verify } from 'node:crypto';

/** True for the base64 of an ECDSA P-256 public key in DER (SPKI), which is how SendGrid shows its verification key. */
export function isEventPublicKey(text: string): boolean {
  return eventPublicKey(text) !== undefined;
}

/**
 * The signed event webhook: ECDSA over P-256 with SHA-256 of the timestamp header's text followed by the raw body; the
 * signature is base64 of its DER form.
 */
export function isSignedBySendgrid(
  signature: string,
  timestamp: string,
  rawBody: Buffer,
  publicKey: string,
): boolean {
  const key = eventPublicKey(publicKey);
  const bytes = fromBase64(signature);
  if (!key || !bytes) return false;
  try {
    return verify('sha256', Buffer.concat([Buffer.from(timestamp), rawBody]), key, bytes);
  } catch {
    return false;
  }
}

function eventPublicKey(text: string): KeyObject | undefined {
  const der = fromBase64(text);
  if (!der) return undefined;
  try {
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1'
      ? key
      : undefined;
  } catch {
    return undefined;
  }
}

/** Canonical base64 only: Node would skip what is none, and read two texts as one. */
function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined;
}
