import { type Dialect } from '../route';
import { brandRoutes } from './brands';
import { channelRoutes, type ChannelDeps } from './channels';
import { keyRoutes } from './keys';
import { problemSchema, writeProblem } from './problem';
import { sandboxDeliveriesRoute } from './sandbox';
import { changeSettingsRoute, readSettingsRoute } from './settings';
import { suppressionRoutes } from './suppressions';
import { templateRoutes } from './templates';
import { putTopicRoute, readTopicRoute } from './topics';
import { createWorkspaceRoute } from './workspaces';

/** Volley's own door: what is needed to run it and neither seed has. Put it last: it words what no other door owns. */
export function createV1Dialect(deps: ChannelDeps): Dialect {
  return {
    name: 'v1',
    owns: (path) => path === '/v1' || path.startsWith('/v1/'),
    routes: [
      createWorkspaceRoute,
      ...keyRoutes,
      ...channelRoutes(deps),
      ...templateRoutes,
      ...brandRoutes,
      ...suppressionRoutes,
      readSettingsRoute,
      changeSettingsRoute,
      readTopicRoute,
      putTopicRoute,
      sandboxDeliveriesRoute,
    ],
    errorSchema: problemSchema,
    writeError: writeProblem,
  };
}
