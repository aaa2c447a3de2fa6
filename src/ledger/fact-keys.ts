import { hash } from 'node:crypto';
import { domainToASCII } from 'node:url';
import { parsePhoneNumberFromString } from 'libphonenumber-js';
import { type ChannelKind } from '../domain/kinds';

/**
 * Names of what the gates rest on: a person, an address, a workspace's own rules. 128 bits of SHA-256 with the workspace in
 * it: no personal data, and no two tenants share one.
 */
function factKey(workspaceId: string, ...parts: readonly string[]): Buffer {
  const text = JSON.stringify([workspaceId.toLowerCase(), ...parts]);
  return hash('sha256', text, 'buffer').subarray(0, 16);
}

export function userKey(workspaceId: string, userId: string): Buffer {
  return factKey(workspaceId, 'user', userId);
}

export function workspaceKey(workspaceId: string): Buffer {
  return factKey(workspaceId, 'workspace');
}

export function addressKey(workspaceId: string, kind: ChannelKind, address: string): Buffer {
  return factKey(workspaceId, 'address', kind, normalAddress(kind, address));
}

/**
 * How an address is compared. An e-mail address wholly in lower case, which is how mail servers take it in practice (to hold
 * back one too many is the lesser harm), with its domain as DNS knows it; a phone number in E.164; everything else as it is.
 */
export function normalAddress(kind: ChannelKind, address: string): string {
  const text = address.trim();
  if (kind === 'sms') {
    const number = parsePhoneNumberFromString(text.startsWith('+') ? text : `+${text.replace(/^00/, '')}`);
    return number?.number ?? (text.replace(/\D/g, '') || text);
  }
  if (kind === 'any') return text.toLowerCase();
  if (kind !== 'email') return text;
  const at = text.lastIndexOf('@');
  const domain = text.slice(at + 1);
  return `${text.slice(0, at + 1)}${domainToASCII(domain) || domain}`.toLowerCase();
}

/**
 * Where a recipient stands among all of a workspace, 0 to 100 (not reached): the same for ever, by id, else by address, and
 * spread evenly. A salt of its own, so that no other use of the hash picks the same people.
 */
export function holdoutPoint(workspaceId: string, identity: string): number {
  return (factKey(workspaceId, 'holdout', identity).readUInt32BE(0) / 2 ** 32) * 100;
}
