import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { OperatorError } from '../../domain/operator-error';

/** An address or a range that the operator allows although it is not public. */
export interface AllowedRange {
  readonly address: string;
  readonly prefixLength: number;
  readonly family: 'ipv4' | 'ipv6';
}

/**
 * - allowed: in the operator's allow-list; also plain HTTP may go there.
 * - public: anyone's address; TLS only for HTTP.
 * - blocked: private, local, reserved, or an address that hides one of these.
 */
export type AddressVerdict = 'allowed' | 'public' | 'blocked';

export interface AddressPolicy {
  /** Verdict on an IP literal of either family; anything that is no IP literal is blocked. */
  verdict(address: string): AddressVerdict;
}

/** IANA special-purpose registry: nothing in here is a host on the public Internet. */
const BLOCKED_IPV4 = [
  ['0.0.0.0', 8], // this network; 0.0.0.0 reaches loopback on Linux
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // carrier-grade NAT, also some clouds' metadata
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // link-local, cloud metadata
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4], // class E and broadcast
] as const;

/** Global unicast is 2000::/3; the first three cover all else (::1, NAT64, unique local, link-local, multicast). */
const BLOCKED_IPV6 = [
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  ['2001::', 23], // protocol assignments, Teredo among them
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4
  ['3fff::', 20],
] as const;

// Two lists: Node matches a v4 address against v6 ranges as v4-mapped, and `::/3` would then cover all of IPv4.
const blockedIpv4 = new BlockList();
for (const [address, prefix] of BLOCKED_IPV4) blockedIpv4.addSubnet(address, prefix, 'ipv4');
const blockedIpv6 = new BlockList();
for (const [address, prefix] of BLOCKED_IPV6) blockedIpv6.addSubnet(address, prefix, 'ipv6');

/**
 * Reads `VOLLEY_EGRESS_ALLOW`: CIDRs or single addresses, separated by commas; empty means none.
 * Throws an OperatorError naming the first entry that is neither: a guard that is misread must not start.
 */
export function parseEgressAllow(text: string): readonly AllowedRange[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map(parseRange);
}

function parseRange(entry: string): AllowedRange {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) && !address.includes('%') ? 'ipv6' : undefined;
  const longest = family === 'ipv4' ? 32 : 128;
  const prefixLength = prefix === undefined ? longest : Number(prefix);
  if (family === undefined || prefixLength > longest) {
    throw new OperatorError(
      `VOLLEY_EGRESS_ALLOW: "${entry}" is not a CIDR (like 127.0.0.0/8 or fd00::/8) or an IP address.`,
    );
  }
  return { address, prefixLength, family };
}

/** The rule for every outbound connection: what it says of an address that was resolved is all that counts. */
export function createAddressPolicy(allow: readonly AllowedRange[]): AddressPolicy {
  const allowed = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const range of allow) allowed[range.family].addSubnet(range.address, range.prefixLength, range.family);

  const plainVerdict = (address: string): AddressVerdict => {
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (allowed[family].check(address, family)) return 'allowed';
    return (family === 'ipv4' ? blockedIpv4 : blockedIpv6).check(address, family) ? 'blocked' : 'public';
  };

  return {
    verdict(address) {
      const canonical = canonicalAddress(address);
      if (canonical === undefined) return 'blocked';
      // A tunnel address that the operator allows still must not lead to a v4 address that he does not.
      if (embeddedIpv4(canonical).some((inner) => plainVerdict(inner) === 'blocked')) return 'blocked';
      return plainVerdict(canonical);
    },
  };
}

/** Zone dropped, IPv6 compressed in the one canonical way, v4-mapped turned into v4; undefined for no IP literal. */
export function canonicalAddress(address: string): string | undefined {
  if (isIPv4(address)) return address;
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (!isIPv6(bare)) return undefined;
  const groups = groupsOf(bare);
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return mapped ? ipv4Of(groups, 6) : groups.map((group) => group.toString(16)).join(':');
}

/** The v4 addresses that a NAT64, 6to4 or Teredo address stands for. */
function embeddedIpv4(canonical: string): readonly string[] {
  if (!canonical.includes(':')) return [];
  const groups = groupsOf(canonical);
  const [first, second] = groups;
  if (first === 0x64 && second === 0xff9b) return [ipv4Of(groups, 6)];
  if (first === 0x2002) return [ipv4Of(groups, 1)];
  if (first === 0x2001 && second === 0) {
    const inverted = groups.map((group) => group ^ 0xffff);
    return [ipv4Of(groups, 2), ipv4Of(inverted, 6)];
  }
  return [];
}

/** Eight 16-bit groups of a valid IPv6 literal; the URL parser does the expanding of dotted quads. */
function groupsOf(address: string): readonly number[] {
  const compressed = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = compressed.split('::');
  const read = (part: string) => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  const left = read(head);
  const right = read(tail ?? '');
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
}

function ipv4Of(groups: readonly number[], at: number): string {
  const high = groups[at] ?? 0;
  const low = groups[at + 1] ?? 0;
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}
