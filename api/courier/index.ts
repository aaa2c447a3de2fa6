import { type Service } from '../../src/service/service';
import { type Dialect } from '../route';
import { addUsersRoute } from './add-users';
import { createJobRoute } from './create-job';
import { courierError, writeCourierError } from './errors';
import { getHistoryRoute } from './get-history';
import { getJobRoute } from './get-job';
import { getMessageRoute } from './get-message';
import { jobCommandRoutes } from './job-commands';
import { listUsersRoute } from './list-users';
import { getOutputRoute } from './get-output';
import { listMessagesRoute } from './list-messages';
import { archiveRequestRoute, cancelMessageRoute, resendMessageRoute } from './message-commands';
import { runJobRoute } from './run-job';
import { sendRoute } from './send';
import { userPreferenceRoutes } from './user-preferences';

/** First segments of Courier's paths. */
const BUILT = ['bulk', 'messages', 'requests', 'send', 'users'];
/**
 * Those that Volley does not have (courier-api.md §1.8, and `events` of older SDKs): refused in Courier's words too, for its SDKs for
 * Ruby up to 2 take an error without `message` for success.
 */
const NOT_BUILT = [
  ...['audiences', 'audit-events', 'auth', 'automations', 'brands', 'broadcasts', 'digests', 'events'],
  ...['inbound', 'journeys', 'lists', 'notifications', 'preferences', 'profiles', 'providers'],
  ...['routing-strategies', 'tenants', 'translations'],
];
const FIRST_SEGMENTS: ReadonlySet<string> = new Set([...BUILT, ...NOT_BUILT]);

/** Courier's door: sending to a few, its Bulk API, the messages of both, users' preferences, and three commands of ours. */
export function createCourierDialect({
  service,
  now = Date.now,
}: {
  service: Service;
  /** Epoch ms of acceptance: what the delay of a send is measured against. */
  now?: () => number;
}): Dialect {
  return {
    name: 'courier',
    owns: (path) => FIRST_SEGMENTS.has(path.split('/')[1] ?? ''),
    routes: [
      createJobRoute(service),
      addUsersRoute(service),
      runJobRoute(service),
      getJobRoute(service),
      listUsersRoute(service),
      ...jobCommandRoutes(service),
      sendRoute({ service, now }),
      listMessagesRoute(service),
      getMessageRoute(service),
      getHistoryRoute(service),
      getOutputRoute(service),
      cancelMessageRoute(service),
      resendMessageRoute(service),
      archiveRequestRoute(service),
      ...userPreferenceRoutes,
    ],
    errorSchema: courierError,
    writeError: writeCourierError,
  };
}
