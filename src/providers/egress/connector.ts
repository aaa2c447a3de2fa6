import { lookup as dnsLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { type AddressPolicy, canonicalAddress } from './address-policy';
import { EgressError } from './errors';

/** Host name to IP literals; replaced in tests. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** What a destination must be: `allowed` for plain HTTP, `reachable` (public or allowed) for TLS and SMTP. */
export type Requirement = 'allowed' | 'reachable';

/** Resolves a host and returns the addresses that may be dialled; throws an EgressError `refused` if any may not. */
export type CheckHost = (host: string, requirement: Requirement) => Promise<readonly string[]>;

/** What the operating system says, hosts file included: the same answer that a connection would use. */
export const resolveBySystem: Resolve = async (hostname) =>
  (await dnsLookup(hostname, { all: true })).map((found) => found.address);

/**
 * One bad address among several refuses the whole name: a name that points both inside and outside is a trick, and which
 * of the two gets dialled would be chance. `localhost` never asks a resolver (RFC 6761), and is the addresses of it that
 * the operator allows.
 */
export function createHostCheck(policy: AddressPolicy, resolve: Resolve): CheckHost {
  const passes = (address: string, requirement: Requirement): boolean => {
    const verdict = policy.verdict(address);
    return verdict === 'allowed' || (verdict === 'public' && requirement === 'reachable');
  };

  return async (host, requirement) => {
    const bare = host.replace(/^\[|\]$/g, '');
    if (isIP(bare)) {
      if (!passes(bare, requirement)) throw refusal(requirement);
      return [canonicalAddress(bare) ?? bare];
    }
    if (/^(.+\.)?localhost\.?$/i.test(bare)) {
      const loopback = ['127.0.0.1', '::1'].filter((address) => passes(address, requirement));
      if (loopback.length === 0) throw refusal(requirement);
      return loopback;
    }
    const addresses = await resolve(bare);
    if (addresses.length === 0)
      throw new EgressError('connect', 'dns_failed', 'The host name did not resolve.');
    if (!addresses.every((address) => passes(address, requirement))) throw refusal(requirement);
    return addresses;
  };
}

/** Says nothing of what the name resolved to: that would map the inside network for a stranger. */
function refusal(requirement: Requirement): EgressError {
  const message =
    requirement === 'allowed'
      ? 'Plain HTTP is sent only to destinations that VOLLEY_EGRESS_ALLOW covers: use https.'
      : 'The destination is not a public address, and VOLLEY_EGRESS_ALLOW does not cover it.';
  return new EgressError('refused', 'address_refused', message);
}

/** A `lookup` for `net.connect` that can only yield addresses that passed the check a moment before the dial. */
export function guardedLookup(checkHost: CheckHost, requirement: Requirement): LookupFunction {
  return (hostname, options, callback) => {
    checkHost(hostname, requirement).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        const [first] = found;
        if (options.all || !first) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (error: Error) => callback(error, []),
    );
  };
}

/**
 * undici's connector behind the guard. The trap: for an IP literal undici never calls `lookup`, so literals are checked
 * here first. Names are resolved and checked in the `lookup` of the dial itself, so an answer that changes between a
 * check and a connection (DNS rebinding) has nothing to gain.
 */
export function createGuardedConnector(
  checkHost: CheckHost,
  connectTimeoutMs: number,
): buildConnector.connector {
  const build = (requirement: Requirement) =>
    buildConnector({ timeout: connectTimeoutMs, lookup: guardedLookup(checkHost, requirement) });
  const tlsConnect = build('reachable');
  const plainConnect = build('allowed');

  return (options, callback) => {
    const secure = options.protocol === 'https:';
    const connect = () => (secure ? tlsConnect : plainConnect)(options, callback);
    if (!isIP(options.hostname.replace(/^\[|\]$/g, ''))) return connect();
    checkHost(options.hostname, secure ? 'reachable' : 'allowed').then(connect, (error: Error) =>
      callback(error, null),
    );
  };
}
