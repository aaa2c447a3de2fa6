import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { temporal } from '@temporalio/proto';
import { METADATA_ENCODING_KEY, ValueError, type Payload, type PayloadCodec } from '@temporalio/common';
import { decode, encode } from '@temporalio/common/lib/encoding';

const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const CIPHER = 'aes-256-gcm';
/** 96 bits, as GCM wants it; the tag is its full 128. */
const IV_BYTES = 12;
const TAG_BYTES = 16;

export interface EncryptionKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

/** With the key as an object: Node makes one of bytes at each call, for twice the price of the cipher itself. */
interface CipherKey {
  readonly id: string;
  readonly key: KeyObject;
}

/**
 * Keeps what workflows carry unreadable in Temporal: inline users, results, failure texts. The first key encrypts, all
 * decrypt, so that a key can be rotated. Each payload names its key. Fails closed: an unknown key or a changed byte throws.
 */
export function createPayloadCodec(given: readonly EncryptionKey[]): PayloadCodec {
  const keys = given.map(({ id, key }) => ({ id, key: createSecretKey(key) }));
  const [current] = keys;
  if (!current) throw new RangeError('at least one encryption key is needed');
  return {
    encode: async (payloads) => payloads.map((payload) => encrypt(payload, current)),
    decode: async (payloads) => payloads.map((payload) => decrypt(payload, keys)),
  };
}

function encrypt(payload: Payload, { id, key }: CipherKey): Payload {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv);
  const plain = temporal.api.common.v1.Payload.encode(payload).finish();
  const data = Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return { metadata: { [METADATA_ENCODING_KEY]: encode(ENCODING), [KEY_ID]: encode(id) }, data };
}

function decrypt(payload: Payload, keys: readonly CipherKey[]): Payload {
  const { metadata, data } = payload;
  if (!metadata || decode(metadata[METADATA_ENCODING_KEY] ?? new Uint8Array()) !== ENCODING) return payload;
  const id = decode(metadata[KEY_ID] ?? new Uint8Array());
  const key = keys.find((candidate) => candidate.id === id)?.key;
  if (!key) throw new ValueError(`no encryption key with the id ${id}: add it to VOLLEY_ENCRYPTION_KEY`);
  if (!data || data.length < IV_BYTES + TAG_BYTES) throw new ValueError('an encrypted payload is too short');
  const decipher = createDecipheriv(CIPHER, key, data.subarray(0, IV_BYTES));
  decipher.setAuthTag(data.subarray(data.length - TAG_BYTES));
  const plain = Buffer.concat([
    decipher.update(data.subarray(IV_BYTES, data.length - TAG_BYTES)),
    decipher.final(),
  ]);
  return temporal.api.common.v1.Payload.decode(plain);
}
