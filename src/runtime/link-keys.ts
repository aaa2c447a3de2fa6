import { createHmac } from 'node:crypto';
import { type TokenKey } from '../links/tokens';
import { type EncryptionKey } from '../temporal/payload-codec';

/**
 * The keys that sign links, derived so that they are worth nothing elsewhere. One of each encryption key: the first signs, and
 * links in people's mailboxes work for as long as the key that signed them stays in the list.
 */
export function linkKeys(keys: readonly EncryptionKey[]): TokenKey[] {
  return keys.map(({ id, key }) => ({
    id,
    key: createHmac('sha256', key).update('volley links v1').digest(),
  }));
}
