import { VolleyError } from '../../src/domain/errors';
import { isUuid } from '../../src/domain/ids';
import { type Call } from '../route';

/**
 * The workspace in the path must be the key's own: any other, malformed or foreign, is not there as far as this key can
 * tell. Throws not_found.
 */
export function requireOwnWorkspace(call: Call): string {
  if (call.params['workspaceId']?.toLowerCase() !== call.workspaceId.toLowerCase()) {
    throw new VolleyError(
      'not_found',
      'No workspace of this key has this id: use the one the key belongs to.',
    );
  }
  return call.workspaceId;
}

/** An id out of the path, in lower case. One that is no UUID names nothing here: throws not_found. */
export function idFromPath(call: Call, name: 'channelId' | 'messageId'): string {
  const id = call.params[name] ?? '';
  if (!isUuid(id)) {
    const noun = name === 'channelId' ? 'channel' : 'message';
    throw new VolleyError('not_found', `No ${noun} of this workspace has this id.`);
  }
  return id.toLowerCase();
}
