import { type z } from 'zod';
import { type ChannelKind } from '../domain/kinds';
import { type Rendered } from '../domain/content';

/** A channel as a provider sees it: settings checked, credentials decrypted. Never logged. */
export interface ProviderChannel<S = unknown, C = unknown> {
  readonly id: string;
  readonly kind: ChannelKind;
  readonly settings: S;
  readonly credentials: C;
}

/** An attachment already fetched (`deliver` fetches once a message, before the claim). */
export interface FetchedAttachment {
  readonly filename: string;
  readonly contentType: string;
  readonly content: Buffer;
  readonly inline: boolean;
}

export interface SendRequest<S = unknown, C = unknown> {
  /** The idempotency key: delivery id and generation. The same on every retry of the same delivery. */
  readonly key: string;
  readonly workspaceId: string;
  readonly messageId: string;
  readonly deliveryId: string;
  /** 1 for the first call of this message. */
  readonly attempt: number;
  readonly channel: ProviderChannel<S, C>;
  /** The address of the channel's kind; for `webhook` the recipient's id. */
  readonly to: string;
  readonly alsoTo: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly from?: { readonly address: string; readonly name?: string };
  /** Message-ID that this one answers (e-mail). */
  readonly inReplyTo?: string;
  readonly content: Rendered;
  readonly attachments: readonly FetchedAttachment[];
  /** What a generic receiver may want: the recipient's id and data. Only `webhook` passes it on. */
  readonly recipient: { readonly id: string; readonly data: Readonly<Record<string, unknown>> };
}

/**
 * What became of one call.
 * - accepted: the vendor has it. `settled` where the vendor says at once what became of it (the sandboxes).
 * - throttled: not taken, for load; costs no attempt.
 * - retryable: provably not taken; another attempt may work.
 * - permanent: provably refused; another attempt will not work. `reason` says whose fault.
 * - ambiguous: the call may have been taken (time-out or a broken connection after the request was written), or a part of it was.
 */
export type Outcome =
  | { readonly type: 'accepted'; readonly vendorId?: string; readonly settled?: 'delivered' | 'bounced' }
  | {
      readonly type: 'throttled';
      readonly code: string;
      readonly message: string;
      readonly retryAfterMs?: number;
    }
  | {
      readonly type: 'retryable';
      readonly code: string;
      readonly message: string;
      readonly retryAfterMs?: number;
    }
  | {
      readonly type: 'permanent';
      readonly code: string;
      readonly message: string;
      readonly reason: 'provider_refused' | 'credentials_refused';
      /** A copy of the same call was taken: no other route, which would send to it again. */
      readonly othersHaveIt?: true;
    }
  | {
      readonly type: 'ambiguous';
      readonly code: string;
      readonly message: string;
      readonly retryAfterMs?: number;
    };

/** Whose users a channel reaches, where its kind leaves that open. */
export type Network = 'whatsapp';

/** A way out. Each one passes `test/support/provider-conformance.ts`. */
export interface Provider<S = unknown, C = unknown> {
  readonly name: string;
  readonly kinds: readonly ChannelKind[];
  /** Shape of `settings` (given back by the API) and `credentials` (encrypted, never given back). */
  readonly settings: z.ZodType<S>;
  readonly credentials: z.ZodType<C>;
  /** How long the vendor remembers a key, in ms; 0 where it does not deduplicate at all. May depend on the settings. */
  dedupeWindowMs(settings: S): number;
  /**
   * Makes one call. Never throws for what the vendor did: that is an Outcome. Must stop soon after `signal` aborts, with
   * `ambiguous` if the request may have left. Total time-outs are the provider's own and below `totalTimeoutMs`.
   */
  send(request: SendRequest<S, C>, signal: AbortSignal): Promise<Outcome>;
  /** Upper bound of one call, in ms: the claim holds the message for this long plus a margin. */
  readonly totalTimeoutMs: number;
  /** Sandboxes are never a failover target and nothing is routed to one once another channel of its kind exists. */
  readonly sandbox?: boolean;
  /** Lets a provider fill generated credentials at channel creation; what it returns in `shown` is shown once. */
  generateCredentials?(given: unknown): {
    readonly credentials: unknown;
    readonly shown?: Readonly<Record<string, string>>;
  };
  /**
   * What of the settings decides who is shown the credentials, and how safely: kept credentials do not follow a change of
   * it. Absent where they never leave (a secret that only signs).
   */
  endpoint?(settings: S): unknown;
  /**
   * The network that a channel of these settings speaks to; undefined where its kind says it. What is told of its messages
   * goes by it, also long afterwards, so a channel keeps it for life.
   */
  network?(settings: S): Network | undefined;
  /** The identities a From may use, where that matters (e-mail): undefined = any. */
  identities?(settings: S): readonly string[] | undefined;
}
