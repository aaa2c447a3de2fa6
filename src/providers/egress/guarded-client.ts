import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import { hasCredentials } from '../../domain/parse-url';
import { type AllowedRange, createAddressPolicy } from './address-policy';
import { createGuardedConnector, createHostCheck, type Resolve, resolveBySystem } from './connector';
import { EgressError, toEgressError } from './errors';
import { type EgressRequest, type EgressResponse, exchange } from './exchange';
import { fetchFileWith, type FetchedFile } from './fetch-file';

/** Where a socket (SMTP) may be dialled. */
export interface SocketTarget {
  /** Checked IP literals, in the order to try them. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** Name to verify in the TLS certificate; undefined when the host is an IP literal. */
  readonly servername: string | undefined;
}

/** The one door out: every outbound connection of Volley goes through here. */
export interface Egress {
  /** One HTTP exchange: no redirects, no proxy, no retry. Throws an EgressError when no answer came. */
  request(request: EgressRequest): Promise<EgressResponse>;
  /** Downloads a file of at most `maxBytes`; says in the result what went wrong, never throws. */
  fetchFile(url: string, maxBytes: number, signal?: AbortSignal): Promise<FetchedFile>;
  /** Whether a URL could be called, before it is kept: throws an EgressError (`refused`); a name that fails to resolve, or not in 2 s, passes. */
  checkUrl(url: string): Promise<void>;
  /** Resolves and checks a host for a raw socket. Throws an EgressError (`refused` or `connect`). */
  checkSocketTarget(host: string, port: number): Promise<SocketTarget>;
  /** Waits for running exchanges and closes all connections. */
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5_000;
const TOTAL_TIMEOUT_MS = 15_000;
/** Whoever gives a URL waits no longer for a slow name server. */
const CHECK_TIMEOUT_MS = 2_000;
const MAX_RESPONSE_BYTES = 64 * 1024;
/** As many as one shard's window sends at once. */
const CONNECTIONS_PER_ORIGIN = 50;
/** Below the 5 s after which a Node server closes an idle connection, so that we rarely write into a closing one. */
const KEEP_ALIVE_MS = 4_000;

/** `allow` comes from `parseEgressAllow`; `resolve` is replaced in tests. */
export function createEgress(options: { allow: readonly AllowedRange[]; resolve?: Resolve }): Egress {
  const checkHost = createHostCheck(createAddressPolicy(options.allow), options.resolve ?? resolveBySystem);
  const agents = new Map<number, Agent>();

  // The connect time-out belongs to undici's connector, so there is an agent for each (two or three in all).
  const agentFor = (connectTimeoutMs: number): Agent => {
    const known = agents.get(connectTimeoutMs);
    if (known) return known;
    const agent = new Agent({
      connections: CONNECTIONS_PER_ORIGIN,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: createGuardedConnector(checkHost, connectTimeoutMs),
    });
    agents.set(connectTimeoutMs, agent);
    return agent;
  };

  const request = async (call: EgressRequest): Promise<EgressResponse> =>
    exchange(agentFor(call.connectTimeoutMs ?? CONNECT_TIMEOUT_MS), {
      url: parseTarget(call.url),
      method: call.method,
      headers: checkHeaders(call.headers ?? {}),
      body: call.body ?? null,
      totalTimeoutMs: call.totalTimeoutMs ?? TOTAL_TIMEOUT_MS,
      maxResponseBytes: call.maxResponseBytes ?? MAX_RESPONSE_BYTES,
      signal: call.signal,
    });

  return {
    request,
    fetchFile: (url, maxBytes, signal) => fetchFileWith(request, url, maxBytes, signal),
    async checkUrl(text) {
      const url = parseTarget(text);
      try {
        const checked = checkHost(url.hostname, url.protocol === 'https:' ? 'reachable' : 'allowed');
        await Promise.race([checked, delay(CHECK_TIMEOUT_MS, undefined, { ref: false })]);
      } catch (error) {
        // What is right about the name may be known later; the guard asks again at each connection.
        if (error instanceof EgressError && error.stage === 'refused') throw error;
      }
    },
    async checkSocketTarget(host, port) {
      try {
        const addresses = await checkHost(host, 'reachable');
        const isLiteral = isIP(host.replace(/^\[|\]$/g, '')) !== 0;
        return { addresses, port, servername: isLiteral ? undefined : host };
      } catch (error) {
        throw toEgressError(error, 'connect');
      }
    },
    async close() {
      const closing = [...agents.values()];
      agents.clear();
      await Promise.all(closing.map((agent) => agent.close()));
    },
  };
}

/** Only http and https, and no credentials in the URL: they would end up in logs and in the answer to `GET channels`. */
function parseTarget(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new EgressError('refused', 'invalid_url', 'The URL is not valid.');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new EgressError(
      'refused',
      'scheme_refused',
      'Only https URLs can be called (http where it is allowed).',
    );
  }
  if (hasCredentials(url)) {
    throw new EgressError(
      'refused',
      'invalid_url',
      'A URL with a user name or password in it is not called.',
    );
  }
  return url;
}

function checkHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers)) {
    // Visible ASCII, space and tab: all that every server reads in the same way.
    if (!/^[A-Za-z0-9-]+$/.test(name) || !/^[\t\x20-\x7e]*$/.test(value)) {
      throw new EgressError('refused', 'invalid_header', 'A header has characters that HTTP does not allow.');
    }
  }
  return headers;
}
