import {
  type DeliverActivities,
  type LedgerActivities,
  type PageActivities,
  type WebhookActivities,
} from '../workflows/contract';
import { createApplyCommand } from './apply-command';
import { createLoadBatch, createValidateBatch } from './batch-messages';
import { createCancelMessage } from './cancel-message';
import { createCreateJob } from './create-job';
import { createDeliver } from './deliver';
import { createDeliverPage } from './deliver-page';
import { createDeliverWebhooks } from './deliver-webhooks';
import { type Dependencies } from './dependencies';
import { createFinishJob } from './finish-job';
import { createLoadIntent } from './load-intent';
import { createPlanShards } from './plan-shards';
import { createSettleCanceled } from './settle-canceled';
import { createLoadShard, createReleaseShard } from './shards';

/** Ledger work, for the workflows' own queue. */
export function createLedgerActivities(deps: Dependencies): LedgerActivities {
  return {
    loadIntent: createLoadIntent(deps),
    applyCommand: createApplyCommand(deps),
    planShards: createPlanShards(deps),
    loadShard: createLoadShard(deps),
    releaseShard: createReleaseShard(deps),
    settleCanceled: createSettleCanceled(deps),
    finishJob: createFinishJob(deps),
    validateBatch: createValidateBatch(deps),
    loadBatch: createLoadBatch(deps),
    cancelMessage: createCancelMessage(deps),
    createJob: createCreateJob(deps),
  };
}

/** Calls to providers, for the deliver queue. */
export function createDeliverActivities(deps: Dependencies): DeliverActivities {
  return { deliver: createDeliver(deps) };
}

/** Whole shards of calls to providers, for a queue of their own. */
export function createPageActivities(deps: Dependencies): PageActivities {
  return { deliverPage: createDeliverPage(deps) };
}

/** Calls to webhook endpoints, for a queue of their own. */
export function createWebhookActivities(deps: Dependencies): WebhookActivities {
  return { deliverWebhooks: createDeliverWebhooks(deps) };
}
