import { type JobKind, type JobPhase, type MessageState, type WaitReason } from '../domain/states';
import { type ChannelKind } from '../domain/kinds';
import { type MessageSpec } from '../domain/message-spec';
import { type Reason } from '../domain/reasons';
import { type FanOut, type Guarantee } from '../domain/states';
import { type Engagement } from '../domain/outward';
import { type Rendered } from '../domain/content';

/** `undeliverable`: ever undelivered, failed or uncertain, even if it arrived in the end. */
export interface JobStatistics {
  readonly sent: number;
  readonly delivered: number;
  readonly opened: number;
  readonly clicked: number;
  readonly undeliverable: number;
}

/** A job as the ledger has it: counts and phase from one statement, never ahead of or behind each other. */
export interface JobView {
  readonly id: string;
  readonly workspaceId: string;
  readonly kind: JobKind;
  readonly phase: JobPhase;
  readonly paused: boolean;
  readonly cancelRequested: boolean;
  readonly suspended: string | null;
  readonly guarantee: Guarantee;
  readonly fanOut: FanOut;
  /** The create request as the dialect gave it, to be given back. */
  readonly definition: unknown;
  readonly channelId: string | null;
  readonly counts: Readonly<Record<MessageState, number>>;
  /** received = enqueued + failures + pending, always; enqueued and failures never fall. */
  readonly received: number;
  readonly enqueued: number;
  readonly failures: number;
  readonly pending: number;
  /** How many messages ever got there; none of these ever falls. */
  readonly statistics: JobStatistics;
  readonly version: number;
  readonly observedVersion: number;
  readonly createdAt: Date;
  readonly runAt: Date | null;
  readonly settledAt: Date | null;
}

/** One message of a job, for listings. */
export interface ItemView {
  readonly messageId: string;
  readonly ordinal: number;
  readonly recipientId: string;
  readonly state: MessageState;
  readonly reason: Reason | null;
  readonly enqueuedAt: Date | null;
  /** What the caller gave, in the dialect's words. */
  readonly echo: unknown;
}

/** One message with all that can be said of it now. */
export interface MessageView extends ItemView {
  readonly workspaceId: string;
  readonly jobId: string;
  readonly jobKind: JobKind;
  readonly jobPhase: JobPhase;
  readonly parentJobId: string | null;
  /** The event that was asked for, or the template that stands for it. */
  readonly event: string | null;
  /** The stored template; null for content in the request. */
  readonly notification: string | null;
  readonly channelId: string | null;
  readonly spec: MessageSpec;
  readonly detail: string | null;
  readonly waitReason: WaitReason | null;
  readonly dueAt: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When the state last changed: its newest event. */
  readonly stateAt: Date;
  readonly engaged: Engagement | null;
  /** The first of each. */
  readonly sentAt: Date | null;
  readonly deliveredAt: Date | null;
  readonly openedAt: Date | null;
  readonly clickedAt: Date | null;
  readonly canceledAt: Date | null;
  readonly archived: boolean;
  readonly deliveries: readonly DeliveryView[];
}

export interface DeliveryView {
  readonly id: string;
  readonly channelId: string;
  readonly kind: string;
  readonly provider: string;
  readonly vendorId: string | null;
  /** When the vendor gave that id. */
  readonly namedAt: Date | null;
  /** When the provider was given up: its newest call was refused for good, or was the last one before the next route. */
  readonly leftAt: Date | null;
  /** What the provider said, or its code, of the newest call; may hold an address. */
  readonly detail: string | null;
  readonly createdAt: Date;
}

/** What one delivery said: the words that went to the provider. */
export interface OutputView {
  readonly kind: ChannelKind;
  readonly channelId: string;
  readonly content: Rendered;
}

/** One dated fact of a message's timeline, oldest first. */
export interface EventView {
  /** Grows with time; 0 for the admission. */
  readonly id: number;
  readonly at: Date;
  /** A state's name for a move; else `accepted`, `recovered`, `late_outcome`. */
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}
