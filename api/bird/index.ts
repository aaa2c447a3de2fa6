import { type Service } from '../../src/service/service';
import { type Dialect } from '../route';
import { cancelBatchRoute, getBatchRoute } from './batches';
import { deleteMessageRoute } from './delete-message';
import { writeBirdError } from './errors';
import { getMessageRoute } from './get-message';
import { interactionsRoute } from './interactions';
import { listMessagesRoute } from './list-messages';
import { sendBatchRoute } from './send-batch';
import { sendMessageRoute } from './send-message';

/** Bird's door: its channels API as `seed-bird-batch-messages.txt` and its clients have it. */
export function createBirdDialect({
  service,
  now = Date.now,
}: {
  service: Service;
  /** Epoch ms of acceptance: what `scheduledFor` and `validity` are measured against. */
  now?: () => number;
}): Dialect {
  return {
    name: 'bird',
    owns: (path) => path === '/workspaces' || path.startsWith('/workspaces/'),
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
    ],
    writeError: writeBirdError,
  };
}
