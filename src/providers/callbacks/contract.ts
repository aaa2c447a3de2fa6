/** What a vendor may tell about a message after it took it. */
export type ProviderEventType =
  | 'sent'
  | 'delivered'
  | 'bounced'
  | 'carrier_refused'
  | 'carrier_expired'
  | 'deferred'
  | 'complained'
  | 'opened'
  | 'clicked'
  | 'unsubscribed';

/**
 * One fact about one message. At least one of the three ids is there; whoever stores it looks them up inside the
 * workspace of the channel, and drops what is not found there.
 */
export interface ProviderEvent {
  /** The vendor's id, as `Outcome.accepted` gave it. */
  readonly vendorId?: string;
  /** Our own ids, given back by the vendor. */
  readonly messageId?: string;
  readonly deliveryId?: string;
  readonly type: ProviderEventType;
  /** Epoch ms; the vendor's time where it says one, else the time of the call. */
  readonly atMs: number;
  /** The same for the same fact, however often it is told: unique within a channel. */
  readonly dedupe: string;
  /** For people; holds no address. */
  readonly detail?: string;
  /** The vendor's code, or the status of RFC 3463. */
  readonly code?: string;
  /** Of `clicked`: where it led, as the message had it. */
  readonly url?: string;
  /** Of `bounced`: the address itself is bad, and writing to it again will not work. */
  readonly hard?: boolean;
  /**
   * Whom the vendor names. For comparison with the message's own addresses (a copy's bounce is not the message's), never
   * stored or logged.
   */
  readonly recipient?: string;
}

export interface CallbackRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The bytes as they came: what is signed. */
  readonly rawBody: Buffer;
  /** The public URL as the vendor called it, with its query: configured origin + path and query as received. */
  readonly url: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly nowMs: number;
}

/** The channel that the URL names. */
export interface CallbackChannel {
  readonly workspaceId: string;
  readonly settings: unknown;
  readonly credentials: unknown;
}

/** 401: not proved to be from the vendor, stale, or another account's. 400: proved, and not to be understood. */
export type CallbackResult =
  | { readonly ok: true; readonly events: readonly ProviderEvent[] }
  | { readonly ok: false; readonly status: 401 | 400; readonly reason: string };

/** Verifies and translates one request. Pure: no I/O, no clock of its own, never throws. */
export interface CallbackReader {
  /** Of the provider whose channels it reads for. */
  readonly name: string;
  read(request: CallbackRequest, channel: CallbackChannel): CallbackResult;
}

export function refuse(status: 401 | 400, reason: string): CallbackResult {
  return { ok: false, status, reason };
}

/** A header that was given once; a repeated one is as good as none. */
export function headerOf(request: CallbackRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
