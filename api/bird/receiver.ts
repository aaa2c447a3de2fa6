import { v7 as uuidv7 } from 'uuid';
import { type ChannelKind } from '../../src/domain/kinds';
import { type Addresses, type Fault, type Recipient } from '../../src/domain/message-spec';
import { checkAddress } from './address';
import { type BirdContact, type BirdReceiver } from './element-schema';
import { fault } from './faults';

/** Bird's identifier key that fits each kind; kinds without one take the first identifier. */
const IDENTIFIER_KEYS: Partial<Record<ChannelKind, string>> = { email: 'emailaddress', sms: 'phonenumber' };
/** Kinds whose receivers are known by their id, so that a contact without an address will do. */
const REACHED_BY_ID: readonly ChannelKind[] = ['inbox', 'webhook'];

type Role = 'to' | 'cc' | 'bcc';
interface Reached {
  readonly role: Role;
  readonly contactId: string | undefined;
  readonly address: string | undefined;
}

/**
 * Who gets the message. On an e-mail channel to, cc and bcc are one envelope; every other kind takes exactly one contact.
 * An address is taken from `identifierValue`, else `identifiers`, else `platformAddress` (issue 3, part 4). Among identifiers
 * the one that `platformAddressSelector` names goes first, by its key alone or as `identifiers.<key>`.
 */
export function readReceiver(
  receiver: BirdReceiver | undefined,
  kind: ChannelKind,
): { recipient: Recipient; faults: readonly Fault[] } {
  const contacts = receiver?.contacts ?? [];
  const faults: Fault[] = [];
  const reached = contacts.map((contact, index) => reach(contact, index, kind, faults));
  if (receiver !== undefined && !reached.some(({ role }) => role === 'to')) {
    faults.push(fault('no_address', 'receiver.contacts', 'needs one contact of type to at least'));
  }
  if (kind !== 'email' && contacts.length > 1) {
    faults.push(
      fault('invalid_input', 'receiver.contacts', `a channel of kind ${kind} takes exactly one contact`),
    );
  }
  return { recipient: toRecipient(reached, kind), faults };
}

function reach(contact: BirdContact, index: number, kind: ChannelKind, faults: Fault[]): Reached {
  const at = `receiver.contacts[${index}]`;
  const role = contact.type ?? 'to';
  const contactId = contact.id || undefined;
  const given = addressOf(contact, kind);
  if (given === undefined) {
    if (!REACHED_BY_ID.includes(kind)) faults.push(fault('no_address', at, 'has no address to send to'));
    return { role, contactId, address: undefined };
  }
  const checked = checkAddress(given, kind);
  if (checked.problem !== undefined) faults.push(fault('invalid_address', at, checked.problem));
  return { role, contactId, address: checked.address };
}

/** The first address there is: an empty one counts as absent. */
function addressOf(contact: BirdContact, kind: ChannelKind): string | undefined {
  const fitting = IDENTIFIER_KEYS[kind];
  const selected = contact.platformAddressSelector?.trim().replace(/^identifiers\./, '');
  const identifiers = contact.identifiers ?? [];
  // A phone number is no address of an e-mail channel: what says that it is of another kind comes last.
  const foreign =
    fitting !== undefined &&
    contact.identifierKey !== fitting &&
    Object.values(IDENTIFIER_KEYS).some((key) => key === contact.identifierKey);
  const keyed = (key: string | undefined) =>
    identifiers.filter(({ identifierKey }) => key !== undefined && identifierKey === key);
  const candidates = [
    foreign ? undefined : contact.identifierValue,
    ...[...keyed(selected), ...keyed(fitting), ...identifiers].map((i) => i.identifierValue),
    contact.platformAddress,
    contact.identifierValue,
  ];
  return candidates.map((text) => text?.trim()).find((text) => text);
}

/** Nobody is in one envelope twice: who stands further up (to, then cc, then bcc) stays. */
function toRecipient(reached: readonly Reached[], kind: ChannelKind): Recipient {
  const first = reached.find(({ role }) => role === 'to') ?? reached[0];
  const id = first?.contactId ?? first?.address;
  const seen = new Set<string>();
  const take = (role: Role): string[] =>
    reached.flatMap((one) => {
      if (one.role !== role || one.address === undefined) return [];
      const same = one.address.toLowerCase();
      if (seen.has(same)) return [];
      seen.add(same);
      return [one.address];
    });
  const [to, ...alsoTo] = take('to');
  const cc = take('cc');
  const bcc = take('bcc');
  return {
    id: id ?? uuidv7(),
    idGenerated: id === undefined,
    addresses: addresses(kind, to ?? (REACHED_BY_ID.includes(kind) ? first?.contactId : undefined)),
    ...(kind === 'email' && alsoTo.length ? { alsoTo } : {}),
    ...(kind === 'email' && cc.length ? { cc } : {}),
    ...(kind === 'email' && bcc.length ? { bcc } : {}),
  };
}

function addresses(kind: ChannelKind, address: string | undefined): Addresses {
  return address === undefined ? {} : { [kind]: address };
}
