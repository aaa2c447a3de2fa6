import { type ChannelKind } from '../domain/kinds';
import { type FanOut, type Guarantee } from '../domain/states';
import { type JobSpec, type MessageSpec } from '../domain/message-spec';
import { type Db, type Tx } from '../ledger/database';
import { type MessageFilter } from '../ledger/message-filter';
import { type EventView, type ItemView, type JobView, type MessageView, type OutputView } from './views';

export interface MessageRef {
  readonly workspaceId: string;
  readonly messageId: string;
}

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
    input: {
      workspaceId: string;
      spec: JobSpec;
      definition: unknown;
      guarantee: Guarantee;
      /** Absent: as the workspace has it, else the installation. */
      fanOut?: FanOut;
      jobId?: string;
    },
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
  /** Whether the workspace has a job of this id: one look-up, nothing counted. */
  hasJob(db: Db, ref: JobRef): Promise<boolean>;
  /** By keyset: `after` is the last message of the page before. */
  listMessages(db: Db, filter: MessageFilter): Promise<MessagePage>;
  /** What was said, delivery by delivery; empty until one was attempted. */
  readOutputs(db: Db, ref: MessageRef): Promise<readonly OutputView[]>;
  /**
   * Cancels a message that no attempt was begun for, or that waits for its next one. Cancelled before: the same answer.
   * Anything else is too late and changes nothing: an attempt is never interrupted.
   */
  cancelMessage(tx: Tx, ref: MessageRef): Promise<{ canceled: boolean; message: MessageView }>;
  /**
   * Sends a settled message again, as it was: to the same recipient, with the same words and data. A new message in a new job,
   * linked to the old one. Throws invalid_request while the message is on its way.
   */
  resendMessage(tx: Tx, ref: MessageRef): Promise<{ messageId: string }>;
  /** Takes the messages of a request out of listings; they stay readable by id. A job's id, or that of one of its messages. */
  archiveRequest(tx: Tx, ref: { workspaceId: string; requestId: string }): Promise<void>;
  /** Takes 1 to 100 messages that share what they say, and starts them. For one, `requestId` is also the message's id. */
  acceptSend(
    tx: Tx,
    input: {
      workspaceId: string;
      guarantee: Guarantee;
      spec: JobSpec;
      definition: unknown;
      recipients: readonly Omit<NewRecipient, 'identity'>[];
    },
  ): Promise<{ requestId: string }>;
  /** The channel in the path: not_found unless it is the workspace's own and not deleted. */
  requireChannel(db: Db, input: { workspaceId: string; channelId: string }): Promise<ChannelView>;
}

export interface ChannelView {
  readonly id: string;
  readonly kind: ChannelKind;
  readonly provider: string;
  readonly settings: unknown;
}
