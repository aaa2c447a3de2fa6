import { type Content, type TemplateRef } from './content';
import { type GateWishes } from './gate-wishes';
import { type ChannelKind } from './kinds';
import { type LinkWishes } from './link-wishes';
import { type Reason } from './reasons';

/** Where a recipient can be reached. `any` is the raw address of the seeded sandbox channel. */
export type Addresses = Partial<Record<ChannelKind, string>>;

export interface Recipient {
  /** The caller's id for the person; absent ids are generated, and a generated one is no inbox address. */
  readonly id: string;
  readonly idGenerated: boolean;
  /** Courier's tenant: an attribute, never isolation. */
  readonly tenantId?: string;
  readonly addresses: Addresses;
  readonly cc?: readonly string[];
  readonly bcc?: readonly string[];
  /** More than one `to` of an e-mail envelope. */
  readonly alsoTo?: readonly string[];
  readonly locale?: string;
  readonly timezone?: string;
}

/** Something wrong inside one message, found when it was accepted and reported by ending it `rejected`. */
export interface Fault {
  readonly reason: Reason;
  readonly description: string;
}

/**
 * Who and what of one message, in Volley's own words. Never changes after admission. For a bulk job the what is in the
 * job's spec and this holds the who; `effectiveSpec` merges the two, the message winning.
 */
export interface MessageSpec {
  readonly recipient: Recipient;
  readonly data: Readonly<Record<string, unknown>>;
  readonly profile?: Readonly<Record<string, unknown>>;
  readonly content?: Content;
  readonly template?: TemplateRef;
  /** Template variables that carry a type of their own (Bird's `parameters`), merged into data. */
  readonly email?: {
    readonly from?: string;
    readonly fromName?: string;
    readonly subject?: string;
    readonly inReplyTo?: string;
  };
  /** The channel in the path (Bird). Absent: routed. */
  readonly channelId?: string;
  /** Epoch ms before which nothing is sent. */
  readonly notBeforeMs?: number;
  /** Epoch ms after which nothing is sent any more. */
  readonly validUntilMs?: number;
  /** What the gates are asked to do or leave. */
  readonly gates?: GateWishes;
  readonly links?: LinkWishes;
  readonly tags?: readonly string[];
  /** The caller's own name for what this message belongs to; listings find it. */
  readonly traceId?: string;
  readonly reference?: string;
  /** Non-empty: the message ends `rejected` at validation; the first gives the code. */
  readonly faults?: readonly Fault[];
}

/** What every message of a bulk job shares, and how it is routed. */
export interface JobSpec {
  readonly content?: Content;
  readonly template?: TemplateRef;
  /** A label when the content is given inline; need not exist. */
  readonly event?: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly locale?: string;
  /** Data by locale (Courier v6+: locale as a map): merged over `data` for a recipient of that locale. */
  readonly dataByLocale?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly brand?: string;
  /** Kinds to try, in order. Absent: the workspace's order. */
  readonly route?: readonly ChannelKind[];
  /** Of every message of the job, beside its own. */
  readonly tags?: readonly string[];
  readonly traceId?: string;
  readonly tenantId?: string;
  /** For every message of the job; a message's own win. */
  readonly gates?: GateWishes;
  readonly links?: LinkWishes;
}
