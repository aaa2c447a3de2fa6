import { VolleyError } from '../../src/domain/errors';
import { type Service } from '../../src/service/service';
import { type ReadRoute } from '../route';
import { channelOf, toBirdMessage } from './message-shape';
import { getMessageOperation } from './openapi';
import { idFromPath, requireOwnWorkspace } from './scope';

/** One message, of a channel or (without the channel in the path) of the workspace. */
export function getMessageRoute(service: Service, scope: 'channel' | 'workspace'): ReadRoute {
  const prefix = scope === 'channel' ? '/channels/{channelId}' : '';
  return {
    kind: 'read',
    method: 'get',
    path: `/workspaces/{workspaceId}${prefix}/messages/{messageId}`,
    auth: 'workspace',
    openapi: getMessageOperation(scope),
    async handle(call, db) {
      const workspaceId = requireOwnWorkspace(call);
      const messageId = idFromPath(call, 'messageId');
      const channelId = scope === 'channel' ? idFromPath(call, 'channelId') : undefined;
      const message = await service.readMessage(db, { workspaceId, messageId });
      if (channelId !== undefined && channelOf(message) !== channelId) {
        throw new VolleyError('not_found', 'No message of this channel has this id.');
      }
      return { status: 200, body: toBirdMessage(message) };
    },
  };
}
