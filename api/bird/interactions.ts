import { VolleyError } from '../../src/domain/errors';
import { deliveryOf } from '../../src/service/delivery-of';
import { type Service } from '../../src/service/service';
import { type EventView, type MessageView } from '../../src/service/views';
import { type ReadRoute } from '../route';
import { interactionName } from './interaction-names';
import { channelOf } from './message-shape';
import { interactionsOperation } from './openapi-messages';
import { idFromPath, requireOwnWorkspace } from './scope';

/** What the recipient did with a message, oldest first. */
export function interactionsRoute(service: Service): ReadRoute {
  return {
    kind: 'read',
    method: 'get',
    path: '/workspaces/{workspaceId}/channels/{channelId}/messages/{messageId}/interactions',
    auth: 'workspace',
    openapi: interactionsOperation,
    async handle(call, db) {
      const workspaceId = requireOwnWorkspace(call);
      const ref = { workspaceId, messageId: idFromPath(call, 'messageId') };
      const message = await service.readMessage(db, ref);
      if (channelOf(message) !== idFromPath(call, 'channelId')) {
        throw new VolleyError('not_found', 'No message of this channel has this id.');
      }
      const timeline = await service.readTimeline(db, ref);
      return {
        status: 200,
        body: { results: timeline.flatMap((event) => interactionOf(message, event)) },
      };
    },
  };
}

function interactionOf(message: MessageView, event: EventView) {
  const { messageId } = message;
  const { id, type, at, data } = event;
  const name = interactionName(type, deliveryOf(message, event)?.kind);
  if (name === undefined) return [];
  const url = typeof data['url'] === 'string' ? { metadata: { url: data['url'] } } : {};
  return [{ id: String(id), messageId, type: name, createdAt: at.toISOString(), ...url }];
}
