import { ApplicationFailure, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import {
  DELIVER_TASK_QUEUE,
  PAGE_TASK_QUEUE,
  TASK_QUEUE,
  WEBHOOK_TASK_QUEUE,
  type DeliverActivities,
  type DeliverResult,
  type LedgerActivities,
  type MessageInput,
  type PageActivities,
  type WebhookActivities,
} from './contract';

/**
 * Ledger work: retried for as long as the ledger is away. A minute covers its largest page; what is longer heartbeats.
 */
export const ledger = proxyActivities<LedgerActivities>({
  taskQueue: TASK_QUEUE,
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '15 seconds' },
});

/** Settling a cancelled job goes page by page and says so: a dead worker is noticed in seconds. */
export const longLedger = proxyActivities<Pick<LedgerActivities, 'settleCanceled'>>({
  taskQueue: TASK_QUEUE,
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '15 seconds' },
});

/**
 * One attempt of one message. What the provider says comes back as a result; a retry by Temporal means only that a worker
 * died or the ledger was away, and finds the open attempt. Never eager: the queue is where calls are limited.
 */
const onQueue = proxyActivities<DeliverActivities>({
  taskQueue: DELIVER_TASK_QUEUE,
  allowEagerDispatch: false,
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '15 seconds' },
});

/**
 * The same inside the workflow task, for two thirds of the server's work. A worker that dies is noticed as soon (a workflow task
 * has 10 s too, and is renewed while the call lasts), and the repetition is the same activity, so it finds the open attempt.
 * Tried for a second or so: through a longer time without a ledger the queue waits for less.
 */
const inPlace = proxyLocalActivities<DeliverActivities>({
  startToCloseTimeout: '5 minutes',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumAttempts: 3 },
});

/** One attempt of one message, in place where the run is of those that do so. */
export async function deliver(
  input: Pick<MessageInput, 'jobKind' | 'messageId' | 'inPlace'>,
): Promise<DeliverResult> {
  const attempt = { v: 1, jobKind: input.jobKind, messageId: input.messageId } as const;
  if (!input.inPlace) return onQueue.deliver(attempt);
  try {
    return await inPlace.deliver(attempt);
  } catch (error) {
    if (error instanceof ApplicationFailure && error.nonRetryable === true) throw error;
    return onQueue.deliver({ ...attempt, afterInPlace: true });
  }
}

/**
 * A page shard. Never cancelled: after a pause or cancel has committed the claim refuses it, and it ends when its calls have. A
 * retry by Temporal takes the shard over.
 */
export const { deliverPage } = proxyActivities<PageActivities>({
  taskQueue: PAGE_TASK_QUEUE,
  allowEagerDispatch: false,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '15 seconds' },
});

/** One drain of an endpoint. A failed call is a result; a retry by Temporal means a dead worker or a ledger that was away. */
export const webhooks = proxyActivities<WebhookActivities>({
  taskQueue: WEBHOOK_TASK_QUEUE,
  allowEagerDispatch: false,
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '15 seconds' },
});
