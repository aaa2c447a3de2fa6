import { createHash, createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';

/** What a token lets its bearer do. One made for one purpose is worth nothing for another. */
export type Purpose = 'click' | 'open' | 'unsubscribe' | 'short';

export interface TokenKey {
  readonly id: string;
  /** 32 bytes or more. May be a key that serves elsewhere too: a key of its own is derived for each purpose. */
  readonly key: Buffer;
}

export interface Tokens {
  /** @throws RangeError for a payload of more than `MAX_PAYLOAD_BYTES`. */
  sign(purpose: Purpose, payload: Buffer): string;
  /** The payload; undefined for whatever this did not sign for this purpose, and never says why. */
  verify(purpose: Purpose, token: string): Buffer | undefined;
  /** 32 bytes that nobody without the key can foretell, the same for the same payload until the key is rotated. */
  fingerprint(purpose: Purpose, payload: Buffer): Buffer;
}

const PURPOSES: readonly Purpose[] = ['click', 'open', 'unsubscribe', 'short'];
const VERSION = 1;
const HEAD_BYTES = 2;
/** 128 bits: guessing at a million tries a second would take longer than the universe has had. */
const MAC_BYTES = 16;
const KEY_MIN_BYTES = 32;
/** A token has to fit a header line and a URL that every mail client opens. */
export const MAX_PAYLOAD_BYTES = 300;
const MAX_TOKEN_CHARS = Math.ceil(((HEAD_BYTES + MAX_PAYLOAD_BYTES + MAC_BYTES) * 4) / 3);

interface PurposeKeys {
  /** One byte of the key's id. It only says which key to try: two keys that share it are both tried. */
  readonly hint: number;
  /** As objects: of bytes, Node 24 first throws twice to find out that they are none, at four times the price. */
  readonly keys: ReadonlyMap<Purpose, KeyObject>;
}

/**
 * Signed tokens: version, hint of the key, payload, HMAC-SHA256 cut to 128 bits, in base64url. They are readable by
 * anyone and carry no personal data. The first key signs and all of them verify: to rotate, put a new one in front and
 * keep the old ones for as long as the links in people's mailboxes are to work.
 * @throws Error when there is no key, or one that is too short or has the id of another.
 */
export function createTokens(keys: readonly TokenKey[]): Tokens {
  const derived = keys.map(deriveKeys);
  const [current] = derived;
  if (!current) throw new Error('Link tokens need one key at least.');
  if (new Set(keys.map(({ id }) => id)).size !== keys.length)
    throw new Error('Two link keys have the same id: give each its own.');
  return {
    sign(purpose, payload) {
      if (payload.length > MAX_PAYLOAD_BYTES)
        throw new RangeError('The payload of a link token is too long.');
      const signed = Buffer.concat([Buffer.from([VERSION, current.hint]), payload]);
      return Buffer.concat([signed, macOf(current, purpose, signed)]).toString('base64url');
    },
    verify(purpose, token) {
      const bytes = decode(token);
      if (!bytes) return undefined;
      const signed = bytes.subarray(0, -MAC_BYTES);
      const mac = bytes.subarray(-MAC_BYTES);
      const candidates = derived.filter(({ hint }) => hint === bytes[1]);
      const known = candidates.some((one) => timingSafeEqual(macOf(one, purpose, signed), mac));
      return known ? signed.subarray(HEAD_BYTES) : undefined;
    },
    fingerprint: (purpose, payload) => hmac(keyFor(current, purpose), Buffer.concat([FINGERPRINT, payload])),
  };
}

/** No token begins with this byte, so no fingerprint is the signature of a token. */
const FINGERPRINT = Buffer.from([0]);

function deriveKeys({ id, key }: TokenKey): PurposeKeys {
  if (key.length < KEY_MIN_BYTES)
    throw new Error(`The link key "${id}" must be ${KEY_MIN_BYTES} bytes long.`);
  return {
    hint: createHash('sha256').update(id).digest()[0] ?? 0,
    keys: new Map(
      PURPOSES.map((one) => [one, createSecretKey(hmac(key, Buffer.from(`volley link token 1: ${one}`)))]),
    ),
  };
}

function keyFor({ keys }: PurposeKeys, purpose: Purpose): KeyObject {
  const key = keys.get(purpose);
  if (!key) throw new Error(`There are no link tokens for ${purpose}.`);
  return key;
}

function macOf(keys: PurposeKeys, purpose: Purpose, signed: Buffer): Buffer {
  return hmac(keyFor(keys, purpose), signed).subarray(0, MAC_BYTES);
}

function hmac(key: Buffer | KeyObject, data: Buffer): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** What was meant: clients that make links of plain text take the punctuation after one for a part of it. */
export function tokenInPath(segment: string): string {
  return segment.replace(/[^A-Za-z0-9_-]{1,8}$/, '');
}

/** Base64url has several spellings of the same bytes and Node reads them all; only the one that was made counts. */
function decode(token: string): Buffer | undefined {
  if (token.length > MAX_TOKEN_CHARS) return undefined;
  const bytes = Buffer.from(token, 'base64url');
  const whole = bytes.length >= HEAD_BYTES + MAC_BYTES && bytes[0] === VERSION;
  return whole && bytes.toString('base64url') === token ? bytes : undefined;
}
