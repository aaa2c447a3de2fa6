import { VolleyError } from '../../src/domain/errors';
import { type Service } from '../../src/service/service';
import { type CommandRoute } from '../route';
import { channelOf, toBirdMessage } from './message-shape';
import { writeBirdError } from './errors';
import { deleteMessageOperation } from './openapi-messages';
import { idFromPath, requireOwnWorkspace } from './scope';

/** Volley's own: takes back a message that no attempt was begun for, or that waits for its next one. */
export function deleteMessageRoute(service: Service): CommandRoute {
  return {
    kind: 'command',
    method: 'delete',
    path: '/workspaces/{workspaceId}/channels/{channelId}/messages/{messageId}',
    auth: 'workspace',
    errors: ['job_final'],
    openapi: deleteMessageOperation,
    async handle(call, tx) {
      const workspaceId = requireOwnWorkspace(call);
      const channelId = idFromPath(call, 'channelId');
      const ref = { workspaceId, messageId: idFromPath(call, 'messageId') };
      if (channelOf(await service.readMessage(tx, ref)) !== channelId) {
        throw new VolleyError('not_found', 'No message of this channel has this id.');
      }
      const { canceled, message } = await service.cancelMessage(tx, ref);
      if (canceled) return { status: 200, body: toBirdMessage(message) };
      const { status } = toBirdMessage(message) as { status: string };
      // Answered and not thrown: a message in doubt was ended by this call, which has to be kept.
      return writeBirdError(
        new VolleyError('job_final', `It is too late to delete the message: it is ${status}.`),
      );
    },
  };
}
