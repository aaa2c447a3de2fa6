import { fork } from 'node:child_process';
import { once } from 'node:events';
import { NativeConnection, Worker, type WorkflowBundle } from '@temporalio/worker';
import {
  DELIVER_TASK_QUEUE,
  MESSAGE_TASK_QUEUE,
  PAGE_TASK_QUEUE,
  TASK_QUEUE,
  WEBHOOK_TASK_QUEUE,
} from '../../workflows/contract';
import {
  createDeliverActivities,
  createLedgerActivities,
  createPageActivities,
  createWebhookActivities,
} from '../../activities/create-activities';
import { type Dependencies } from '../../activities/dependencies';
import { dataConverter, type TemporalAddress } from './connect';
import { type EncryptionKey } from './payload-codec';

/** Attempts under way at a shutdown get this long to finish: longer than one provider call of the default time-outs. */
const SHUTDOWN_GRACE_MS = 25_000;

export interface WorkerTuning {
  /** Provider calls at once in this process: at least shards x window of one job. */
  readonly maxDeliveries: number;
  readonly maxWorkflowTasks: number;
  /** Cached workflow runs; 0 replays at every task (tests). */
  readonly maxCachedWorkflows?: number;
}

export interface WorkerInput {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly keys: readonly EncryptionKey[];
  readonly tuning: WorkerTuning;
  readonly activities: Dependencies;
  readonly workflowBundle?: WorkflowBundle;
}

/** Connects as a worker; throws when the server is away: the caller tries again. */
export function connectWorker(to: TemporalAddress): Promise<NativeConnection> {
  return NativeConnection.connect({
    address: to.address,
    ...(to.apiKey === undefined ? {} : { apiKey: to.apiKey }),
    ...(to.tls === undefined ? {} : { tls: to.tls }),
  });
}

/**
 * Bundles the workflow code, once for every worker of a process, and in a process of its own: the bundler would keep 100 MB for as
 * long as the worker runs. @throws Error when it fails; what it had to say is on the standard error.
 */
export async function bundleWorkflows(): Promise<WorkflowBundle> {
  const bundler = fork(require.resolve('./bundle-process'), [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const over = new AbortController();
  try {
    const ended = once(bundler, 'exit', { signal: over.signal }).then(([code]) => {
      throw new Error(`The workflows could not be bundled: the bundler ended with exit code ${code}.`);
    });
    const [code] = (await Promise.race([once(bundler, 'message', { signal: over.signal }), ended])) as [
      string,
    ];
    return { code };
  } finally {
    over.abort();
  }
}

/** Endpoints called at once in this process: a slow one holds a slot for a few seconds, then stands in line again. */
const MAX_WEBHOOK_DRAINS = 100;

/** Polls for workflow tasks of one worker, the SDK's standard; each keeps a place free for what it gets. */
const WORKFLOW_POLLS = 10;

/**
 * How many of the polls for messages look for runs that begin. Nearly all do, and end in their first task, while the SDK keeps only a
 * fifth for them: the others wait where only a run that waits is told of.
 */
const BEGINNING_POLLS = 0.8;

/** Page shards open at once in this process: most wait for a slot or a token, which they share by workspace. */
const MAX_PAGES = 50;

/**
 * One worker for workflows that plan and for ledger work, one for workflows of messages, one for calls to providers, one for whole
 * pages of them, one for webhook endpoints. Not yet running.
 */
export async function createWorkers(input: WorkerInput): Promise<Worker[]> {
  const { connection, namespace, tuning } = input;
  const shared = {
    connection,
    namespace,
    dataConverter: dataConverter(input.keys),
    shutdownGraceTime: SHUTDOWN_GRACE_MS,
  };
  const workflowBundle = input.workflowBundle ?? (await bundleWorkflows());
  const cache = (least: number) =>
    tuning.maxCachedWorkflows === undefined
      ? {}
      : { maxCachedWorkflows: Math.max(least, tuning.maxCachedWorkflows) };
  const workflows = await Worker.create({
    ...shared,
    ...cache(0),
    taskQueue: TASK_QUEUE,
    workflowBundle,
    activities: createLedgerActivities(input.activities),
    maxConcurrentWorkflowTaskExecutions: tuning.maxWorkflowTasks,
    maxConcurrentActivityTaskExecutions: 20,
  });
  const messages = await Worker.create({
    ...shared,
    // Without any, the SDK loses local activities.
    ...cache(1),
    taskQueue: MESSAGE_TASK_QUEUE,
    workflowBundle,
    activities: createDeliverActivities(input.activities),
    enableNonLocalActivities: false,
    nonStickyToStickyPollRatio: BEGINNING_POLLS,
    // As many tasks as calls, since what waits for one should wait in the queue, which is fair; and those that polls hold.
    maxConcurrentWorkflowTaskExecutions: tuning.maxDeliveries + WORKFLOW_POLLS,
    maxConcurrentLocalActivityExecutions: tuning.maxDeliveries,
  });
  const deliveries = await Worker.create({
    ...shared,
    taskQueue: DELIVER_TASK_QUEUE,
    activities: createDeliverActivities(input.activities),
    maxConcurrentActivityTaskExecutions: tuning.maxDeliveries,
  });
  const webhooks = await Worker.create({
    ...shared,
    taskQueue: WEBHOOK_TASK_QUEUE,
    activities: createWebhookActivities(input.activities),
    maxConcurrentActivityTaskExecutions: MAX_WEBHOOK_DRAINS,
  });
  const pages = await Worker.create({
    ...shared,
    taskQueue: PAGE_TASK_QUEUE,
    activities: createPageActivities(input.activities),
    maxConcurrentActivityTaskExecutions: MAX_PAGES,
  });
  return [workflows, messages, deliveries, pages, webhooks];
}
