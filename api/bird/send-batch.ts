import { type ErrorDetail, VolleyError } from '../../src/domain/errors';
import { type Tx } from '../../src/ledger/database';
import { type ChannelView, type Service } from '../../src/service/service';
import { type Call, type CommandRoute, type Reply } from '../route';
import { parseVolleyOptions, VOLLEY_OPTIONS_HEADER } from '../volley-options';
import { readElement } from './element';
import { sendBatchOperation } from './openapi';
import { idFromPath, requireOwnWorkspace } from './scope';

/** Bird's bound for one batch. */
const BATCH_MAX = 100;

/** Where in a body something could not be kept: the element's number, then the rest of the path. */
const IN_ELEMENT = /^(?:body\.)?messageRequests\[(\d+)\]\.?(.*)$/s;

/**
 * Takes a batch for one channel. Only what concerns the whole call is refused; whatever is wrong inside an element is
 * accepted and ends that message `rejected`, while the others go on.
 */
export function sendBatchRoute(deps: { service: Service; now: () => number }): CommandRoute {
  return {
    kind: 'command',
    method: 'post',
    path: '/workspaces/{workspaceId}/channels/{channelId}/batch/messages',
    auth: 'workspace',
    poison: 'report',
    openapi: sendBatchOperation,
    handle: (call, tx) => sendBatch(deps, call, tx),
  };
}

async function sendBatch(
  { service, now }: { service: Service; now: () => number },
  call: Call,
  tx: Tx,
): Promise<Reply> {
  const workspaceId = requireOwnWorkspace(call);
  const channelId = idFromPath(call, 'channelId');
  const channel = await service.requireChannel(tx, { workspaceId, channelId });
  const { guarantee, linkTracking } = parseVolleyOptions(call.header(VOLLEY_OPTIONS_HEADER), 'messages');
  const requests = readRequests(call.body);
  const messages = readElements(requests, channel, call.poison, { acceptedAtMs: now(), linkTracking });
  const { batchId, messageIds } = await service.acceptBatch(tx, {
    workspaceId,
    channelId: channel.id,
    guarantee,
    // What was asked stands in the messages themselves: kept once.
    definition: { channelId: channel.id, messageRequests: requests.length },
    messages,
  });
  return { status: 202, body: { id: batchId, messages: messageIds.map((id) => ({ id })) } };
}

/** Throws invalid_request unless the body is `{messageRequests: [1 to 100 of anything]}`. */
function readRequests(body: unknown): readonly unknown[] {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  if (!isObject) refuse('body', 'must be an object with messageRequests');
  const requests = (body as { messageRequests?: unknown }).messageRequests;
  if (!Array.isArray(requests))
    return refuse('messageRequests', `must be an array of 1 to ${BATCH_MAX} messages`);
  if (requests.length < 1) refuse('messageRequests', 'must hold one message at least');
  if (requests.length > BATCH_MAX) {
    refuse(
      'messageRequests',
      `must hold ${BATCH_MAX} messages at most, and has ${requests.length}: send them in several calls`,
    );
  }
  return requests;
}

function refuse(at: string, problem: string): never {
  throw new VolleyError('invalid_request', `The batch is not valid: ${at} ${problem}.`, {
    details: [{ at, problem }],
  });
}

function readElements(
  requests: readonly unknown[],
  channel: ChannelView,
  poison: readonly ErrorDetail[],
  of: { acceptedAtMs: number; linkTracking: boolean | undefined },
) {
  const byElement = new Map<number, ErrorDetail[]>();
  for (const detail of poison) {
    const [, index, rest = ''] = IN_ELEMENT.exec(detail.at) ?? [];
    if (index === undefined) refuse(detail.at, detail.problem);
    const found = byElement.get(Number(index)) ?? [];
    found.push({ at: rest, problem: detail.problem });
    byElement.set(Number(index), found);
  }
  return requests.map((request, index) =>
    readElement(request, {
      channelId: channel.id,
      kind: channel.kind,
      ...of,
      poison: byElement.get(index) ?? [],
    }),
  );
}
