import { type Service } from '../../src/service/service';
import { type WebhookService } from '../../src/service/webhooks';
import { type Dialect } from '../route';
import { cancelBatchRoute, getBatchRoute } from './batches';
import { deleteMessageRoute } from './delete-message';
import { writeBirdError } from './errors';
import { getMessageRoute } from './get-message';
import { interactionsRoute } from './interactions';
import { listMessagesRoute } from './list-messages';
import { sendBatchRoute } from './send-batch';
import { sendMessageRoute } from './send-message';
import { webhookSubscriptionRoutes } from './webhook-subscriptions';

/** Bird's door: its channels API as `seed-bird-batch-messages.txt` and its clients have it. */
export function createBirdDialect({
  service,
  webhooks,
  now = Date.now,
}: {
  service: Service;
  /** Absent where nobody manages subscriptions (tests). */
  webhooks?: WebhookService;
  /** Epoch ms of acceptance: what `scheduledFor` and `validity` are measured against. */
  now?: () => number;
}): Dialect {
  return {
    name: 'bird',
    owns: (path) => /^\/(workspaces|organizations)(\/|$)/.test(path),
    routes: [
      sendBatchRoute({ service, now }),
      sendMessageRoute({ service, now }),
      listMessagesRoute(service, 'channel'),
      getMessageRoute(service, 'channel'),
      deleteMessageRoute(service),
      interactionsRoute(service),
      getBatchRoute(service),
      cancelBatchRoute(service),
      listMessagesRoute(service, 'workspace'),
      getMessageRoute(service, 'workspace'),
      ...(webhooks ? webhookSubscriptionRoutes(webhooks) : []),
    ],
    writeError: writeBirdError,
  };
}
