import { createHash } from 'node:crypto';
import { isUuid } from '../domain/ids';

/** Of a topic's id: what a token in a URL has room for. */
export const TOPIC_MAX_BYTES = 128;

/** A link of a message: which message, and which of the workspace's stored URLs. */
export interface ClickPayload {
  readonly messageId: string;
  /** `linkIdOf` of the URL, 12 bytes. */
  readonly linkId: Buffer;
}

/** Who unsubscribes from what. `topic` absent: from everything of the workspace. */
export interface UnsubscribePayload {
  readonly workspaceId: string;
  /** Hash of the recipient, 16 to 32 bytes: the token names a person to the ledger and to nobody else. */
  readonly identity: Buffer;
  /** The message whose link it was, for its timeline. */
  readonly messageId?: string;
  /** Up to TOPIC_MAX_BYTES of UTF-8. */
  readonly topic?: string;
}

const UUID_BYTES = 16;
/**
 * 96 bits of SHA-256: a collision by chance needs some 2^48 URLs in one workspace, and somebody who controls a part of a
 * URL cannot find another one with the same id.
 */
const LINK_ID_BYTES = 12;
const IDENTITY_MIN_BYTES = 16;
const IDENTITY_MAX_BYTES = 32;
const HAS_MESSAGE = 1;

/** The id under which a workspace keeps a URL: of its content, so writing it again changes nothing. */
export function linkIdOf(url: string): Buffer {
  return createHash('sha256').update(url).digest().subarray(0, LINK_ID_BYTES);
}

export function encodeClick({ messageId, linkId }: ClickPayload): Buffer {
  return Buffer.concat([uuidBytes(messageId), linkId]);
}

export function decodeClick(payload: Buffer): ClickPayload | undefined {
  if (payload.length !== UUID_BYTES + LINK_ID_BYTES) return undefined;
  return { messageId: uuidText(payload, 0), linkId: payload.subarray(UUID_BYTES) };
}

export function encodeOpen(messageId: string): Buffer {
  return uuidBytes(messageId);
}

export function decodeOpen(payload: Buffer): string | undefined {
  return payload.length === UUID_BYTES ? uuidText(payload, 0) : undefined;
}

/** @throws RangeError for an identity or a topic that does not fit: both are ours, so that is a mistake of ours. */
export function encodeUnsubscribe({ workspaceId, identity, messageId, topic }: UnsubscribePayload): Buffer {
  const topicBytes = Buffer.from(topic ?? '', 'utf8');
  if (identity.length < IDENTITY_MIN_BYTES || identity.length > IDENTITY_MAX_BYTES)
    throw new RangeError('The identity of an unsubscribe token is 16 to 32 bytes long.');
  if (topicBytes.length > TOPIC_MAX_BYTES)
    throw new RangeError(`A topic is at most ${TOPIC_MAX_BYTES} bytes long.`);
  return Buffer.concat([
    Buffer.from([messageId === undefined ? 0 : HAS_MESSAGE, identity.length]),
    uuidBytes(workspaceId),
    ...(messageId === undefined ? [] : [uuidBytes(messageId)]),
    identity,
    topicBytes,
  ]);
}

export function decodeUnsubscribe(payload: Buffer): UnsubscribePayload | undefined {
  const [flags = 0, identityBytes = 0] = payload;
  const hasMessage = flags === HAS_MESSAGE;
  const identityAt = 2 + UUID_BYTES * (hasMessage ? 2 : 1);
  const topicAt = identityAt + identityBytes;
  if (flags > HAS_MESSAGE || identityBytes < IDENTITY_MIN_BYTES || payload.length < topicAt) return undefined;
  const topic = payload.toString('utf8', topicAt);
  return {
    workspaceId: uuidText(payload, 2),
    identity: payload.subarray(identityAt, topicAt),
    ...(hasMessage ? { messageId: uuidText(payload, 2 + UUID_BYTES) } : {}),
    ...(topic === '' ? {} : { topic }),
  };
}

/** @throws RangeError for what is not a UUID: ids here come from the ledger. */
export function uuidBytes(uuid: string): Buffer {
  if (!isUuid(uuid)) throw new RangeError('An id in a link token has to be a UUID.');
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

function uuidText(bytes: Buffer, at: number): string {
  const hex = bytes.toString('hex', at, at + UUID_BYTES);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
