import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export interface SecretKey {
  /** 1 to 255 bytes of ASCII; stands in clear beside what it sealed. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

/** Seals small secrets for the ledger. `owner` is bound to the text: moved to another row, it does not open. */
export interface SecretBox {
  seal(plaintext: string, owner: SecretOwner): Buffer;
  /** @throws UnsealError, with no secret in it: its key is gone, it is another owner's, or its bytes were changed. */
  open(sealed: Buffer, owner: SecretOwner): string;
}

export interface SecretOwner {
  readonly workspaceId: string;
  readonly channelId: string;
}

const ALGORITHM = 'aes-256-gcm';
const VERSION = 1;
const KEY_BYTES = 32;
/** 96 random bits, as GCM wants: safe for 2^32 secrets under one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM: version, length and text of the key's id, nonce, tag, ciphertext. The first key seals and all of them open:
 * to rotate, put a new one in front and leave the old one until everything was sealed anew.
 * @throws when there is no key, or one of a wrong size or with the id of another.
 */
export function createSecretBox(keys: readonly SecretKey[]): SecretBox {
  const [current] = keys;
  if (!current) throw new Error('The secret box needs one key at least: set VOLLEY_ENCRYPTION_KEY.');
  keys.forEach(requireUsable);
  const byId = new Map(keys.map(({ id, key }) => [id, key]));
  if (byId.size !== keys.length) throw new Error('Two encryption keys have the same id: give each its own.');
  return {
    seal(plaintext, owner) {
      const nonce = randomBytes(NONCE_BYTES);
      const head = headOf(current.id);
      const cipher = createCipheriv(ALGORITHM, current.key, nonce).setAAD(boundTo(head, owner));
      const text = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
      return Buffer.concat([head, nonce, cipher.getAuthTag(), text]);
    },
    open(sealed, owner) {
      const { id, head, nonce, tag, text } = split(sealed);
      const key = byId.get(id);
      if (!key)
        throw new UnsealError(`The encryption key "${id}" is not among the configured ones: add it again.`);
      const options = { authTagLength: TAG_BYTES };
      const decipher = createDecipheriv(ALGORITHM, key, nonce, options).setAAD(boundTo(head, owner));
      decipher.setAuthTag(tag);
      try {
        return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new UnsealError(`The key "${id}" does not open this secret.`, { cause });
      }
    },
  };
}

/** This process cannot open what was sealed, and will not be able to without another key. */
export class UnsealError extends Error {}

function requireUsable({ id, key }: SecretKey): void {
  if (key.length !== KEY_BYTES)
    throw new Error(`The encryption key "${id}" must be ${KEY_BYTES} bytes long.`);
  if (!/^[\x21-\x7e]{1,255}$/.test(id))
    throw new Error('An encryption key id is 1 to 255 visible ASCII characters.');
}

function headOf(id: string): Buffer {
  return Buffer.concat([Buffer.from([VERSION, id.length]), Buffer.from(id, 'ascii')]);
}

function boundTo(head: Buffer, { workspaceId, channelId }: SecretOwner): Buffer {
  return Buffer.concat([head, Buffer.from(`${workspaceId}/${channelId}`.toLowerCase(), 'utf8')]);
}

function split(sealed: Buffer) {
  const idEnd = 2 + (sealed[1] ?? 0);
  const nonceEnd = idEnd + NONCE_BYTES;
  const tagEnd = nonceEnd + TAG_BYTES;
  if (sealed[0] !== VERSION || sealed.length < tagEnd) throw new UnsealError('This is not a sealed secret.');
  return {
    id: sealed.toString('ascii', 2, idEnd),
    head: sealed.subarray(0, idEnd),
    nonce: sealed.subarray(idEnd, nonceEnd),
    tag: sealed.subarray(nonceEnd, tagEnd),
    text: sealed.subarray(tagEnd),
  };
}
