import { createHmac } from 'node:crypto';
import { type EncryptionKey } from '../temporal/payload-codec';

/**
 * The key that signs return paths, derived so that it is worth nothing elsewhere. From the oldest key: a newer one put in
 * front does not make bounces of mails under way strangers.
 */
export function returnPathKey(keys: readonly EncryptionKey[]): Buffer {
  const oldest = keys.at(-1);
  if (!oldest) throw new RangeError('There is no encryption key.');
  return createHmac('sha256', oldest.key).update('volley return paths v1').digest();
}
