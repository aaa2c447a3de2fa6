import { type ErrorDetail, VolleyError } from '../../src/domain/errors';
import { type Tx } from '../../src/ledger/database';
import { type Call, type CommandRoute, type Reply } from '../route';
import { readElement, type ElementContext } from './element';
import { openChannel, type SendDeps } from './open-channel';
import { sendBatchOperation } from './openapi';

/** Bird's bound for one batch. */
const BATCH_MAX = 100;

/** Where in a body something could not be kept: the element's number, then the rest of the path. */
const IN_ELEMENT = /^(?:body\.)?messageRequests\[(\d+)\]\.?(.*)$/s;

/**
 * Takes a batch for one channel. Only what concerns the whole call is refused; whatever is wrong inside an element is
 * accepted and ends that message `rejected`, while the others go on.
 */
export function sendBatchRoute(deps: SendDeps): CommandRoute {
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

async function sendBatch(deps: SendDeps, call: Call, tx: Tx): Promise<Reply> {
  const { workspaceId, guarantee, context } = await openChannel(deps, call, tx);
  const { channelId } = context;
  const requests = readRequests(call.body);
  const messages = readElements(requests, call.poison, context);
  const { batchId, messageIds } = await deps.service.acceptBatch(tx, {
    workspaceId,
    channelId,
    guarantee,
    // What was asked stands in the messages themselves: kept once.
    definition: { channelId, messageRequests: requests.length },
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
  poison: readonly ErrorDetail[],
  context: Omit<ElementContext, 'poison'>,
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
    readElement(request, { ...context, poison: byElement.get(index) ?? [] }),
  );
}
