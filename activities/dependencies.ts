import { type Logger } from 'pino';
import { type RetryPolicy } from '../src/domain/retry';
import { type JobSpec } from '../src/domain/message-spec';
import { type BirdWebhookFilters, type WayOut } from '../src/webhooks/bird-filters';
import { type Database } from '../src/ledger/database';
import { type Nudge } from '../src/ledger/outbox';
import { type Egress } from '../src/providers/egress/guarded-client';
import { type ProviderRegistry } from '../src/providers/registry';
import { type SecretBox } from '../src/runtime/secret-box';
import { type DeliveryMetrics } from '../src/runtime/metrics';
import { type NewRecipient, type Service } from '../src/service/service';
import { type MessageView } from '../src/service/views';
import { type Renderer } from '../src/templates/render-contract';
import { type LinkPlace } from './delivery/links';

/** How the words of a signal from another workflow become ours: Courier's, as the seed has them. Wired by the process. */
export interface SignalDialect {
  /** The spec and definition of a create message. Throws VolleyError (invalid_request). */
  readJob(message: unknown): { spec: JobSpec; definition: unknown };
  /** The good ones of these users; bad ones are left out, as POST /bulk/{jobId} would report them. */
  readUsers(jobId: string, users: readonly unknown[]): readonly NewRecipient[];
}

/** How webhooks of the other doors look: built by the doors, which activities do not know. Wired by the process. */
export interface WebhookBodies {
  /** Courier's `message:updated`. */
  courier(message: MessageView): unknown;
  /** Bird's `{service, event, payload}`; undefined where the subscription's filters leave this event out. */
  bird(
    message: MessageView,
    event: WebhookFact,
    filters: BirdWebhookFilters,
    way: WayOut | undefined,
  ): unknown;
}

/** What happened to the message, by the ledger's name. */
export interface WebhookFact {
  readonly type: string;
  readonly at: Date;
  readonly data: Readonly<Record<string, unknown>>;
}

/** All that activities lean on, passed in once by the worker. */
export interface Dependencies {
  readonly db: Database;
  readonly service: Service;
  /** Starts a job's workflow, or signals it, and waits until Temporal has it. */
  readonly startJob: (job: Nudge) => Promise<void>;
  readonly providers: ProviderRegistry;
  readonly renderer: Renderer;
  readonly egress: Egress;
  readonly secretBox: SecretBox;
  readonly dialect: SignalDialect;
  readonly webhookBodies: WebhookBodies;
  readonly links: LinkPlace;
  readonly log: Logger;
  readonly metrics: DeliveryMetrics;
  readonly rules: DeliveryRules;
  /** Aborted when this process is to end: activities that would go on for long begin nothing more. */
  readonly stopping?: AbortSignal;
}

export interface DeliveryRules {
  readonly retry: RetryPolicy;
  /** A bulk message that has to wait longer than this is parked: no wait holds a delivery slot for more than 30 s (design). */
  readonly parkAfterMs: number;
  /** How long a planned shard keeps its messages. Longer than a shard takes; ends early when the shard gives them back. */
  readonly shardHoldMs: number;
  /** Messages of a page shard (docs/decisions/0030-page-lane.md). */
  readonly pageShardSize: number;
  /** Messages of one page shard in flight: so many are in doubt after a crash. */
  readonly pageCalls: number;
  /** Messages of all page shards in flight in one process. */
  readonly callsAtOnce: number;
  /** A retry that is due within this is made by the page shard itself; a later one is parked. */
  readonly pageParkAfterMs: number;
  /** A page shard gives back what it has not begun after this long, so that one slow job does not keep others out. */
  readonly pageTimeMs: number;
}

export const DEFAULT_DELIVERY_RULES: Omit<DeliveryRules, 'retry'> = {
  parkAfterMs: 30_000,
  shardHoldMs: 15 * 60_000,
  pageShardSize: 5_000,
  pageCalls: 100,
  callsAtOnce: 200,
  pageParkAfterMs: 2_000,
  pageTimeMs: 60_000,
};
