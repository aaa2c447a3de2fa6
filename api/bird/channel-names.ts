import { type WayOut } from '../../src/webhooks/bird-filters';

/** Bird's names of channels (bird-api.md §2.3), by our kinds. A chat is WhatsApp where its network is not known: a sandbox. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  email: ['email'],
  sms: ['sms'],
  chat: ['whatsapp', 'chat'],
  push: ['push', 'apppush'],
  inbox: ['inbox'],
  webhook: ['webhook'],
};
/** Chats that no provider here speaks to. Subscriptions from before they were refused are told of chats as they were. */
export const FOREIGN_NAMES: readonly string[] = [
  ...['telegram', 'line', 'facebook', 'instagram', 'linkedin', 'rcs', 'viber', 'slack'],
];
/** Those under which something may be told. */
export const BIRD_CHANNEL_NAMES: readonly string[] = Object.values(NAMES).flat();

/** Whether a message that went this way is told under this name; the seeded sandbox stands for every channel. */
export function isNameOf(name: string, { kind, network }: WayOut): boolean {
  if (kind === 'any') return true;
  if (network !== undefined) return name === network;
  return (NAMES[kind]?.includes(name) ?? false) || (kind === 'chat' && FOREIGN_NAMES.includes(name));
}
