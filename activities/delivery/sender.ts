import { isIdentity } from '../../src/providers/email-address';
import { type MessageSpec } from '../../src/domain/message-spec';
import { type OpenChannel } from './open-channel';

export type Sender =
  | { readonly ok: true; readonly from?: { readonly address: string; readonly name?: string } }
  | { readonly ok: false; readonly detail: string };

/**
 * The From of an e-mail: what the message asks for, else the channel's first identity. What is asked for must be an identity
 * of the channel; a bare local part belongs to the domain of the first one. Other kinds have no From.
 */
export function senderOf(spec: MessageSpec, { channel, provider }: OpenChannel): Sender {
  if (channel.kind !== 'email') return { ok: true };
  const identities = provider.identities?.(channel.settings);
  const fallback = identities?.find((identity) => !identity.startsWith('@'));
  const asked = spec.email?.from;
  const name = spec.email?.fromName;
  // Nothing asked for: the provider uses its own default, name included.
  if (asked === undefined && name === undefined) return { ok: true };
  const domain = fallback?.split('@')[1];
  const address = asked && !asked.includes('@') && domain ? `${asked}@${domain}` : (asked ?? fallback);
  if (!address) return { ok: true };
  if (identities && !isIdentity(address, identities)) {
    return { ok: false, detail: 'The From address is not an identity of the channel.' };
  }
  return { ok: true, from: { address, ...(name === undefined ? {} : { name }) } };
}
