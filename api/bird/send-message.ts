import { type ErrorDetail, VolleyError } from '../../src/domain/errors';
import { type RejectReason } from '../../src/domain/reasons';
import { type Tx } from '../../src/ledger/database';
import { type Service } from '../../src/service/service';
import { type Call, type CommandRoute, type Reply } from '../route';
import { parseVolleyOptions, VOLLEY_OPTIONS_HEADER } from '../volley-options';
import { readElement } from './element';
import { toBirdMessage } from './message-shape';
import { sendMessageOperation } from './openapi-messages';
import { idFromPath, requireOwnWorkspace } from './scope';

/** What the form and the fields of a request say: a caller is told at once. Everything else ends the message `rejected`. */
const TOLD_AT_ONCE: readonly RejectReason[] = [
  'invalid_input',
  'schedule_too_far',
  'no_address',
  'invalid_content',
];
/** A fault's description begins with its place, where it has one (see faults.ts). */
const PLACED = /^([\w.[\]…]+): (.*)$/s;

/** One message for one channel: 202 with the message as it stands. It runs as a batch of one, with that batch's id. */
export function sendMessageRoute(deps: { service: Service; now: () => number }): CommandRoute {
  return {
    kind: 'command',
    method: 'post',
    path: '/workspaces/{workspaceId}/channels/{channelId}/messages',
    auth: 'workspace',
    openapi: sendMessageOperation,
    handle: (call, tx) => sendMessage(deps, call, tx),
  };
}

async function sendMessage(
  { service, now }: { service: Service; now: () => number },
  call: Call,
  tx: Tx,
): Promise<Reply> {
  const workspaceId = requireOwnWorkspace(call);
  const channelId = idFromPath(call, 'channelId');
  const channel = await service.requireChannel(tx, { workspaceId, channelId });
  const { guarantee, linkTracking } = parseVolleyOptions(call.header(VOLLEY_OPTIONS_HEADER), 'messages');
  if (typeof call.body !== 'object' || call.body === null || Array.isArray(call.body)) {
    throw new VolleyError('invalid_request', 'The body must be an object: one message.', {
      details: [{ at: 'body', problem: 'must be an object' }],
    });
  }
  const context = {
    channelId: channel.id,
    kind: channel.kind,
    acceptedAtMs: now(),
    linkTracking,
    poison: [],
  };
  const element = readElement(call.body, context);
  const details = (element.spec.faults ?? [])
    .filter(({ reason }) => (TOLD_AT_ONCE as readonly string[]).includes(reason))
    .map(({ description }) => toDetail(description));
  if (details.length > 0) throw new VolleyError('invalid_request', 'The message is not valid.', { details });
  const { messageIds } = await service.acceptBatch(tx, {
    workspaceId,
    channelId: channel.id,
    guarantee,
    definition: { channelId: channel.id, messageRequests: 1 },
    messages: [element],
  });
  const message = await service.readMessage(tx, { workspaceId, messageId: messageIds[0] ?? '' });
  return { status: 202, body: toBirdMessage(message) };
}

/** A fault of the message as a whole is told under `message`: Bird knows details by field only. */
function toDetail(description: string): ErrorDetail {
  const [, at = 'message', problem = description] = PLACED.exec(description) ?? [];
  // The error writer takes one `body.` away: it stands for the request, and here there is also a field of that name.
  return { at: `body.${at}`, problem };
}
