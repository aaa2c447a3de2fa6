import { proxyActivities } from '@temporalio/workflow';
import {
  DELIVER_TASK_QUEUE,
  PAGE_TASK_QUEUE,
  WEBHOOK_TASK_QUEUE,
  type DeliverActivities,
  type LedgerActivities,
  type PageActivities,
  type WebhookActivities,
} from './contract';

/**
 * Ledger work: retried for as long as the ledger is away. A minute covers its largest page; what is longer heartbeats.
 */
export const ledger = proxyActivities<LedgerActivities>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '15 seconds' },
});

/** Settling a cancelled job goes page by page and says so: a dead worker is noticed in seconds. */
export const longLedger = proxyActivities<Pick<LedgerActivities, 'settleCanceled'>>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '15 seconds' },
});

/**
 * One attempt of one message. What the provider says comes back as a result; a retry by Temporal means only that a worker
 * died or the ledger was away, and finds the open attempt. Never eager: the queue is where calls are limited.
 */
export const { deliver } = proxyActivities<DeliverActivities>({
  taskQueue: DELIVER_TASK_QUEUE,
  allowEagerDispatch: false,
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '15 seconds' },
});

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
