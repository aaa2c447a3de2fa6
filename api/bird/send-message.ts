import { type ErrorDetail, VolleyError } from '../../src/domain/errors';
import { type RejectReason } from '../../src/domain/reasons';
import { type Tx } from '../../src/ledger/database';
import { type Call, type CommandRoute, type Reply } from '../route';
import { readElement } from './element';
import { toBirdMessage } from './message-shape';
import { openChannel, type SendDeps } from './open-channel';
import { sendMessageOperation } from './openapi-messages';

/** What the form and the fields of a request say: a caller is told at once. Everything else ends the message `rejected`. */
const TOLD_AT_ONCE: readonly RejectReason[] = [
  'invalid_input',
  'schedule_too_far',
  'no_address',
  'invalid_content',
];
/** A fault's description begins with its place, where it has one (see faults.ts). */
const PLACED = /^((?:[\w.$…-]|\[\d+\]|\["(?:[^"\\]|\\.)*"\])+): (.*)$/s;

/** One message for one channel: 202 with the message as it stands. It runs as a batch of one, with that batch's id. */
export function sendMessageRoute(deps: SendDeps): CommandRoute {
  return {
    kind: 'command',
    method: 'post',
    path: '/workspaces/{workspaceId}/channels/{channelId}/messages',
    auth: 'workspace',
    poison: 'report',
    openapi: sendMessageOperation,
    handle: (call, tx) => sendMessage(deps, call, tx),
  };
}

async function sendMessage(deps: SendDeps, call: Call, tx: Tx): Promise<Reply> {
  const { service } = deps;
  const { workspaceId, guarantee, context } = await openChannel(deps, call, tx);
  if (typeof call.body !== 'object' || call.body === null || Array.isArray(call.body)) {
    throw new VolleyError('invalid_request', 'The body must be an object: one message.', {
      details: [{ at: 'body', problem: 'must be an object' }],
    });
  }
  const element = readElement(call.body, { ...context, poison: call.poison });
  const details = (element.spec.faults ?? [])
    .filter(({ reason }) => (TOLD_AT_ONCE as readonly string[]).includes(reason))
    .map(({ description }) => toDetail(description));
  if (details.length > 0) throw new VolleyError('invalid_request', 'The message is not valid.', { details });
  const { messageIds } = await service.acceptBatch(tx, {
    workspaceId,
    channelId: context.channelId,
    guarantee,
    definition: { channelId: context.channelId, messageRequests: 1 },
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
