import { type Guarantee } from '../../src/domain/states';
import { type Tx } from '../../src/ledger/database';
import { type Service } from '../../src/service/service';
import { type Call } from '../route';
import { parseVolleyOptions, VOLLEY_OPTIONS_HEADER } from '../volley-options';
import { type ElementContext } from './element';
import { idFromPath, requireOwnWorkspace } from './scope';

export interface SendDeps {
  readonly service: Service;
  readonly now: () => number;
}

/** What a call says of all messages that it sends through the channel in its path. */
interface OpenChannel {
  readonly workspaceId: string;
  readonly guarantee: Guarantee;
  /** For reading each of them. */
  readonly context: Omit<ElementContext, 'poison'>;
}

/**
 * Throws not_found where the key's workspace has no such channel, and invalid_request for options that do not exist: both
 * before the body is looked at.
 */
export async function openChannel({ service, now }: SendDeps, call: Call, tx: Tx): Promise<OpenChannel> {
  const workspaceId = requireOwnWorkspace(call);
  const channelId = idFromPath(call, 'channelId');
  const { id, kind } = await service.requireChannel(tx, { workspaceId, channelId });
  const { guarantee, linkTracking } = parseVolleyOptions(call.header(VOLLEY_OPTIONS_HEADER), 'messages');
  return { workspaceId, guarantee, context: { channelId: id, kind, acceptedAtMs: now(), linkTracking } };
}
