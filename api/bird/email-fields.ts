import { type MessageSpec } from '../../src/domain/message-spec';
import { type BodyMetadata } from './body-to-content';
import { type BirdMessageRequest } from './element-schema';

/** The fields that matter here; the rest of the request need not be sound. */
type EmailRequest = Pick<BirdMessageRequest, 'meta' | 'sender' | 'replyTo'>;

/**
 * What only an e-mail has. From is `meta.email.from`, else the sender's identifier with its annotation as the name; raw, for
 * the deliverer knows the channel's identities. Subject and headers: `meta.email` wins over what the body carries.
 */
export function readEmailFields(
  request: EmailRequest,
  body: BodyMetadata | undefined,
): { email: MessageSpec['email']; headers: Readonly<Record<string, string>> | undefined } {
  const meta = request.meta?.email;
  const { address, name } = readFrom(request);
  const subject = meta?.subject ?? body?.subject;
  // Of the other types, a click or a referral, the id names no mail that a thread could hold.
  const inReplyTo = (request.replyTo?.type ?? 'message') === 'message' ? request.replyTo?.id : undefined;
  const email = {
    ...(address ? { from: address } : {}),
    ...(name ? { fromName: name } : {}),
    ...(subject === undefined ? {} : { subject }),
    ...(inReplyTo ? { inReplyTo } : {}),
  };
  const headers = { ...body?.headers, ...meta?.headers };
  return {
    email: Object.keys(email).length ? email : undefined,
    headers: Object.keys(headers).length ? headers : undefined,
  };
}

/** A display name alone changes the name of the sender that would have been used anyway. */
function readFrom({ meta, sender }: EmailRequest): {
  address: string | undefined;
  name: string | undefined;
} {
  const from = meta?.email?.from;
  if (from?.username) return { address: from.username, name: from.displayName };
  return {
    address: sender?.connector?.identifierValue,
    name: from?.displayName ?? sender?.connector?.annotations?.name,
  };
}
