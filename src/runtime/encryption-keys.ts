import { OperatorError } from '../domain/operator-error';
import { type EncryptionKey } from '../temporal/payload-codec';

const KEY_BYTES = 32;

/**
 * `id:base64` of 32 bytes, comma-separated; the first encrypts, all decrypt. Rotate by putting a new one in front.
 * @throws OperatorError that says what is wrong, never the key.
 */
export function parseEncryptionKeys(text: string): EncryptionKey[] {
  const keys = text.split(',').map((part) => {
    const [id = '', encoded = ''] = part.trim().split(':');
    const key = Buffer.from(encoded, 'base64');
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(id) || key.length !== KEY_BYTES) {
      throw new OperatorError(
        'VOLLEY_ENCRYPTION_KEY has to be id:base64, the base64 of 32 bytes; several by commas.',
      );
    }
    return { id, key };
  });
  if (new Set(keys.map(({ id }) => id)).size !== keys.length)
    throw new OperatorError('Two keys of VOLLEY_ENCRYPTION_KEY have the same id: give each its own.');
  return keys;
}
