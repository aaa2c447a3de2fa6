/**
 * Every name that Temporal keeps: workflows, signals, queries, activities, ids, queues. One object argument with a `v` for
 * each, so that a field can be added without breaking a history. Nothing here may carry an address or a name.
 */
import { toCourierId } from '../src/domain/ids';
import { type Reason } from '../src/domain/reasons';
import { type ErrorSample, type ShardTally } from '../src/domain/shard-tally';
import { type FanOut, type JobKind, type MessageState } from '../src/domain/states';
import { type BulkJobStatus, type BirdStatus } from '../src/domain/outward';

/** Workflows that plan, and ledger work. */
export const TASK_QUEUE = 'volley';
/** Workflows of a job's single messages: each holds its place while it calls a provider, and none that planning needs. */
export const MESSAGE_TASK_QUEUE = 'volley-messages';
/** Calls to providers as activities of their own: of sends to one recipient, and what could not be done in place. */
export const DELIVER_TASK_QUEUE = 'volley-deliver';
/** Whole page shards: apart from single calls, which never stand in line behind them. */
export const PAGE_TASK_QUEUE = 'volley-pages';
/** Calls to webhook endpoints, apart from them all: a slow consumer takes no slot from a recipient. */
export const WEBHOOK_TASK_QUEUE = 'volley-webhooks';

export const WORKFLOWS = {
  bulkJob: 'bulkJob',
  batch: 'batch',
  deliverShard: 'deliverShard',
  deliverMessage: 'deliverMessage',
  webhookEndpoint: 'webhookEndpoint',
} as const;

export const SIGNALS = {
  changed: 'changed',
  ingestUsers: 'ingestUsers',
  run: 'run',
  pause: 'pause',
  resume: 'resume',
  cancel: 'cancel',
} as const;
export const QUERIES = { status: 'status', items: 'items' } as const;

export const SEARCH_ATTRIBUTES = {
  workspace: 'VolleyWorkspace',
  job: 'VolleyJob',
  phase: 'VolleyPhase',
} as const;

/**
 * Ids in the form that the caller was given: Courier's for a bulk job, a send and their messages, the UUID for a batch. A
 * send to one recipient has its message's id, and that message's workflow is the job's.
 */
export const workflowIds = {
  job: (kind: JobKind, jobId: string, alone = false): string =>
    `${alone ? 'message' : kind}/${kind === 'batch' ? jobId : toCourierId(jobId)}`,
  shard: (jobId: string, generation: number, n: number): string =>
    `bulk/${toCourierId(jobId)}/${generation}.${n}`,
  message: (kind: JobKind, messageId: string): string =>
    `message/${kind === 'batch' ? messageId : toCourierId(messageId)}`,
  webhook: (endpointId: string): string => `webhook/${endpointId}`,
};

/** How much a job may have in flight: shards at once times window. Embedded 2 x 25, cluster 20 x 50. */
export interface Lanes {
  readonly shards: number;
  readonly window: number;
}

/** Numbers an engine run is given, so that tests and installations can differ without touching workflow code. */
export interface EngineSettings extends Lanes {
  readonly shardSize: number;
  /** Whether the server knows our search attributes. */
  readonly searchAttributes: boolean;
  /** Continue as new at the latest after this long, in ms (7 days). */
  readonly maxRunMs: number;
  /** Continue as new after this many signals (2,000; the server refuses at 10,000). */
  readonly maxSignals: number;
}

export interface JobInput {
  readonly v: 1;
  readonly workspaceId: string;
  readonly jobId: string;
  /** Of a `batch` workflow: whose messages it runs. Absent: a batch's. */
  readonly kind?: JobKind;
  readonly settings: EngineSettings;
  /** Carried over continue-as-new: what was seen, and the newest generation known. */
  readonly carried?: { readonly observed: number; readonly commands: readonly Command[] };
}

export interface ShardInput {
  readonly v: 1;
  readonly workspaceId: string;
  readonly jobId: string;
  readonly generation: number;
  readonly n: number;
  readonly window: number;
  readonly searchAttributes: boolean;
  /** Absent: a child workflow for each message. */
  readonly fanOut?: FanOut;
}

export interface MessageInput {
  readonly v: 1;
  readonly workspaceId: string;
  readonly jobId: string;
  readonly jobKind: JobKind;
  readonly messageId: string;
  /** Ms to wait before the first look; the ledger decides then. */
  readonly dueInMs?: number;
  /** A send to one recipient: this run is the job's too, and settles it. */
  readonly alone?: true;
  /** Attempts are made in the workflow task, on the message queue. Absent: in runs from before, and in those alone. */
  readonly inPlace?: true;
}

/** "Look": the ledger's version that this tells of. Lost, late, repeated and reordered ones are harmless. */
export interface ChangedSignal {
  readonly v: 1;
  readonly version: number;
}

/** Commands from the web UI or another workflow, without a version: applied to the ledger in order, before anything else. */
export type Command =
  | { readonly type: 'run' | 'pause' | 'resume' | 'cancel' }
  | (IngestUsersSignal & {
      readonly type: 'ingestUsers';
      /** So many more were nested too deeply to be handed on. */
      readonly dropped?: number;
    });

export interface IngestUsersSignal {
  readonly ingestionId?: string;
  /** Courier's users, as in POST /bulk/{jobId}. */
  readonly users: readonly unknown[];
}

/** What a workflow knows of its job's progress: a snapshot of the ledger, never ahead of it. */
export interface Progress {
  readonly status: BulkJobStatus;
  readonly received: number;
  readonly enqueued: number;
  readonly failures: number;
}

export interface Intent {
  readonly version: number;
  readonly phase: 'open' | 'running' | 'settled';
  readonly paused: boolean;
  readonly cancelRequested: boolean;
  readonly generation: number;
  readonly unsettled: number;
  readonly progress: Progress;
}

export interface PlannedShard {
  readonly n: number;
  readonly first: number;
  readonly last: number;
  readonly size: number;
}

export interface Plan {
  readonly generation: number;
  readonly shards: readonly PlannedShard[];
  /** False when the job may not be planned now (paused, cancelled, settled): look at the intent again. */
  readonly ready: boolean;
  /** How its shards deliver; absent in histories from before there was a choice. */
  readonly fanOut?: FanOut;
  /** Ms until something is due and free: null when nothing is unsettled. */
  readonly wakeUpMs: number | null;
  readonly progress: Progress;
}

export type MessageResult =
  | { readonly type: 'settled'; readonly state: MessageState; readonly reason: Reason | null }
  /** Bulk: waiting in the ledger, the planner will find it when due. */
  | { readonly type: 'parked' }
  /** Not ours to send now: the job is paused, or another attempt has it. */
  | { readonly type: 'left'; readonly why: 'paused' | 'held' };

/** No run is older than this: open jobs and long waits continue as new. */
export const MAX_RUN_MS = 7 * 24 * 3_600_000;

export type DeliverResult = MessageResult | { readonly type: 'wait'; readonly waitMs: number };

export type { ErrorSample };
export type ShardResult = ShardTally;

export interface BatchItem {
  readonly id: string;
  readonly status: BirdStatus;
}

export interface BatchMessage {
  readonly messageId: string;
  readonly state: MessageState;
  readonly status: BirdStatus;
  /** Unsettled ones only. */
  readonly dueInMs: number;
}

/** The status query of bulkJob, in the seed's words plus what only the workflow knows. */
export interface JobStatusAnswer {
  readonly job: Progress;
  readonly step: string;
  readonly shardsRunning: number;
  /** ISO 8601, by the workflow's clock. */
  readonly nextWakeUp: string | null;
  readonly observed: number;
}

export interface JobItemsAnswer {
  /** Shards planned so far, newest generation, and where they end. */
  readonly generation: number;
  readonly items: readonly ErrorSample[];
}

/** Ledger work, on the workflow's own queue. */
export interface LedgerActivities {
  loadIntent(input: { v: 1; jobId: string; fresh: boolean; observed: number }): Promise<Intent>;
  applyCommand(input: {
    v: 1;
    jobId: string;
    workspaceId: string;
    command: Command;
    commandId: string;
  }): Promise<void>;
  planShards(input: {
    v: 1;
    jobId: string;
    generation: number;
    maxShards: number;
    shardSize: number;
  }): Promise<Plan>;
  loadShard(input: { v: 1; jobId: string; generation: number; n: number }): Promise<readonly string[]>;
  /** Frees what the shard holds and did not settle; `held` ones, whose child is open elsewhere, come free a little later. */
  releaseShard(input: {
    v: 1;
    jobId: string;
    generation: number;
    n: number;
    held: readonly string[];
  }): Promise<void>;
  /** Settles what it can in a few seconds, from the ordinal after `after`. With an answer it wants to be called again, with that. */
  settleCanceled(input: { v: 1; jobId: string; after?: number }): Promise<{ after: number } | undefined>;
  finishJob(input: {
    v: 1;
    jobId: string;
    observed: number;
  }): Promise<{ finished: boolean; progress: Progress }>;
  validateBatch(input: { v: 1; jobId: string }): Promise<readonly BatchMessage[]>;
  loadBatch(input: { v: 1; jobId: string }): Promise<readonly BatchMessage[]>;
  cancelMessage(input: { v: 1; messageId: string }): Promise<void>;
  /** For other workflows: creates a bulk job from Courier's create message and starts its workflow. */
  createJob(input: {
    v: 1;
    workspaceId: string;
    message: unknown;
  }): Promise<{ jobId: string; workflowId: string }>;
}

export type PageResult = ShardTally;

/** A page shard's messages delivered by one activity, on the page queue. */
export interface PageActivities {
  deliverPage(input: { v: 1; jobId: string; generation: number; n: number }): Promise<PageResult>;
}

/** Calls to providers, in place or on the deliver queue. */
export interface DeliverActivities {
  /** `afterInPlace`: the run's attempt in place failed, and left an attempt open perhaps, which this one takes over. */
  deliver(input: { v: 1; jobKind: JobKind; messageId: string; afterInPlace?: true }): Promise<DeliverResult>;
}

export interface WebhookInput {
  readonly v: 1;
  readonly workspaceId: string;
  readonly endpointId: string;
  readonly settings: Pick<EngineSettings, 'maxRunMs' | 'maxSignals'>;
  /** A backoff that outlived the run before: the rest of it, and the endpoint's version that it belongs to. */
  readonly carried?: { readonly waitMs: number; readonly version: number };
}

export interface WebhookStatusAnswer {
  readonly step: string;
  /** ISO 8601, by the workflow's clock. */
  readonly nextTry: string | null;
}

/** How a drain ended. `version` is the endpoint's, as the drain found it. */
export type DrainResult =
  /** All that was there was taken. */
  | { readonly type: 'drained'; readonly version: number }
  /** There is more, or the endpoint was changed: at once again. */
  | { readonly type: 'more'; readonly version: number }
  | { readonly type: 'failed'; readonly waitMs: number; readonly version: number }
  | { readonly type: 'ended'; readonly why: 'disabled' | 'deleted' };

/** Calls to webhook endpoints, on their own queue. */
export interface WebhookActivities {
  /** Sends what the endpoint is owed, in order, until all is taken, a call fails, or about ten seconds are over. */
  deliverWebhooks(input: { v: 1; endpointId: string }): Promise<DrainResult>;
}
