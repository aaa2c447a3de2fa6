import { createHmac, createSecretKey } from 'node:crypto';
import { sameText } from './freshness';
import { isUuid } from './our-ids';

/**
 * 96 bits: with the delivery's 32 digits and `bounce+` it is 63 of the 64 characters that a local part may have, and
 * nobody guesses it by sending mails.
 */
const MAC_HEX_LENGTH = 24;
const MIN_KEY_BYTES = 32;
const TOKEN = /^[0-9a-f]{56}$/;
const RETURN_PATH = /(?:^|[<\s])bounce\+([0-9a-f]{56})@[a-z0-9.-]+/i;

export interface TokenSigner {
  /** 56 hexadecimal digits: the delivery, and the proof that we wrote it for this workspace. Ids are UUIDs. */
  sign(workspaceId: string, deliveryId: string): string;
  /** The delivery's id; undefined for a token that is not ours, or another workspace's. */
  verify(token: string, workspaceId: string): string | undefined;
}

/** Hexadecimal, because servers on the way may change the case of a local part. Throws for a key under 32 bytes. */
export function createTokenSigner(key: Buffer): TokenSigner {
  if (key.length < MIN_KEY_BYTES) throw new RangeError(`A token key has at least ${MIN_KEY_BYTES} bytes.`);
  // As an object: of bytes, Node 24 first throws twice to find out that they are none, for every mail.
  const secret = createSecretKey(key);
  const macOf = (workspaceId: string, deliveryId: string): string =>
    createHmac('sha256', secret)
      .update(`return-path\n${workspaceId}\n${deliveryId}`)
      .digest('hex')
      .slice(0, MAC_HEX_LENGTH);
  return {
    sign(workspaceId, deliveryId) {
      if (!isUuid(deliveryId)) throw new RangeError('A return path is of a delivery with a UUID.');
      return `${deliveryId.replaceAll('-', '')}${macOf(workspaceId, deliveryId)}`;
    },
    verify(token, workspaceId) {
      const lower = token.toLowerCase();
      if (!TOKEN.test(lower)) return undefined;
      const deliveryId = lower.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
      return sameText(lower.slice(32), macOf(workspaceId, deliveryId)) ? deliveryId : undefined;
    },
  };
}

/** The envelope sender of a delivery: where the answer to it, and nothing else, comes back. */
export function returnPath(token: string, domain: string): string {
  return `bounce+${token}@${domain}`;
}

/** The token in an address or a header that holds one; in lower case. */
export function tokenIn(text: string): string | undefined {
  return RETURN_PATH.exec(text)?.[1]?.toLowerCase();
}
