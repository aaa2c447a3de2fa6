import { type Service } from '../../src/service/service';
import { type Dialect } from '../route';
import { writeBirdError } from './errors';
import { getMessageRoute } from './get-message';
import { listMessagesRoute } from './list-messages';
import { sendBatchRoute } from './send-batch';

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
      listMessagesRoute(service, 'channel'),
      getMessageRoute(service, 'channel'),
      listMessagesRoute(service, 'workspace'),
      getMessageRoute(service, 'workspace'),
    ],
    writeError: writeBirdError,
  };
}
