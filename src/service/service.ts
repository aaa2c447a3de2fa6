import { type ChannelKind } from '../domain/kinds';
import { type MessageState, type Guarantee } from '../domain/states';
import { type JobSpec, type MessageSpec } from '../domain/message-spec';
import { type Db, type Tx } from '../ledger/database';
import { type EventView, type ItemView, type JobView, type MessageView } from './views';

export interface JobRef {
  readonly workspaceId: string;
  readonly jobId: string;
}

/** One recipient to add. `identity` names the person within the job: the same one twice is a duplicate. */
export interface NewRecipient {
  readonly identity: string;
  readonly spec: MessageSpec;
  readonly echo: unknown;
}

export interface IngestResult {
  readonly ingestionId: string;
  /** How many were added by this call. */
  readonly total: number;
  /** By index into the given recipients. */
  readonly duplicates: readonly number[];
}

/** What the workflow knows and the ledger does not; absent when no worker answered in time. */
export interface LiveStatus {
  readonly step: string;
  readonly shardsRunning: number;
  readonly nextWakeUp: string | null;
}

export interface MessagePage {
  readonly messages: readonly MessageView[];
  /** The last row's place, where there are more. */
  readonly next: { readonly createdAt: Date; readonly id: string } | null;
}

/**
 * The one application service behind every door. Commands take the transaction that also holds the idempotency row; they
 * raise the job's version, write the outbox and, once committed, tell the job's workflow to look.
 * Throws VolleyError: not_found (also for another workspace's id), already_run, job_not_open, job_empty, job_final.
 */
export interface Service {
  createBulkJob(
    tx: Tx,
    input: { workspaceId: string; spec: JobSpec; definition: unknown; guarantee: Guarantee; jobId?: string },
  ): Promise<{ jobId: string }>;
  /** Adds recipients until run. The same ingestionId again gives the first answer again and adds nobody. */
  ingest(
    tx: Tx,
    input: JobRef & { ingestionId?: string; recipients: readonly NewRecipient[] },
  ): Promise<IngestResult>;
  /** Seals the job, pins templates, brand and channels, and starts it. */
  runJob(tx: Tx, ref: JobRef): Promise<void>;
  pauseJob(tx: Tx, ref: JobRef): Promise<void>;
  resumeJob(tx: Tx, ref: JobRef): Promise<void>;
  cancelJob(tx: Tx, ref: JobRef): Promise<void>;
  /** Takes 1 to 100 messages for one channel and starts them at once; faults inside them end them `rejected` later. */
  acceptBatch(
    tx: Tx,
    input: {
      workspaceId: string;
      channelId: string;
      guarantee: Guarantee;
      definition: unknown;
      messages: readonly { readonly spec: MessageSpec; readonly echo: unknown }[];
    },
  ): Promise<{ batchId: string; messageIds: readonly string[] }>;

  readJob(db: Db, ref: JobRef): Promise<JobView>;
  /** Asks the running workflow: 60 ms, no retry, single flight, one second of cache. Never throws. */
  liveStatus(job: JobView): Promise<LiveStatus | undefined>;
  /** In ingestion order, after the given ordinal (-1 for the start). */
  listItems(
    db: Db,
    input: JobRef & { afterOrdinal: number; limit: number },
  ): Promise<{ items: readonly ItemView[]; nextOrdinal: number | null }>;
  readMessage(db: Db, input: { workspaceId: string; messageId: string }): Promise<MessageView>;
  readTimeline(db: Db, input: { workspaceId: string; messageId: string }): Promise<readonly EventView[]>;
  /** Newest first. Times are inclusive. */
  listMessages(
    db: Db,
    input: {
      workspaceId: string;
      channelId?: string;
      jobId?: string;
      states?: readonly { readonly state: MessageState; readonly waitReasons?: readonly string[] }[];
      startAt?: Date;
      endAt?: Date;
      after?: { readonly createdAt: Date; readonly id: string };
      limit: number;
    },
  ): Promise<MessagePage>;
  /** The channel in the path: not_found unless it is the workspace's own and not deleted. */
  requireChannel(db: Db, input: { workspaceId: string; channelId: string }): Promise<ChannelView>;
}

export interface ChannelView {
  readonly id: string;
  readonly kind: ChannelKind;
  readonly provider: string;
  readonly settings: unknown;
}
