import { z } from 'zod';
import { toCourierId } from '../../src/domain/ids';
import { isSettled } from '../../src/domain/states';
import { type Service } from '../../src/service/service';
import { type CommandRoute } from '../route';
import { messageRecord, recordBody } from './message-body';
import { messageIdText, messagePath } from './openapi-parts';
import { messageInPath, requestInPath } from './path-ids';

/**
 * `POST /messages/{messageId}/cancel`. Too late is 409 with the record itself, which says where the message is: final, and
 * then the SDK is told not to ask again; or being sent, and then a repetition may still find it waiting for a next attempt.
 */
export function cancelMessageRoute(service: Service): CommandRoute {
  const record = { 'application/json': { schema: messageRecord } };
  return {
    kind: 'command',
    method: 'post',
    path: '/messages/{messageId}/cancel',
    auth: 'workspace',
    openapi: {
      operationId: 'cancelMessage',
      summary: 'Cancel a message',
      requestParams: messagePath,
      responses: {
        '200': { description: 'It is cancelled: no attempt begins any more.', content: record },
        '409': {
          description:
            'Too late: it was sent, may have been, or is being sent. No further attempt begins where one may have been.',
          content: record,
        },
      },
    },
    async handle(call, tx) {
      const { canceled, message } = await service.cancelMessage(tx, messageInPath(call));
      const body = recordBody(message);
      if (canceled) return { status: 200, body };
      return {
        status: 409,
        body,
        ...(isSettled(message.state) ? { headers: { 'x-should-retry': 'false' } } : {}),
      };
    },
  };
}

/** `POST /messages/{messageId}/resend`: the same words to the same recipient, as a new message. */
export function resendMessageRoute(service: Service): CommandRoute {
  return {
    kind: 'command',
    method: 'post',
    path: '/messages/{messageId}/resend',
    auth: 'workspace',
    openapi: {
      operationId: 'resendMessage',
      summary: 'Send a message again',
      description:
        'A new message. The old one stays as it is; one that is still on its way is refused with 400.',
      requestParams: messagePath,
      responses: {
        '202': {
          description: 'The new message is on its way.',
          content: { 'application/json': { schema: z.object({ messageId: messageIdText }) } },
        },
      },
    },
    async handle(call, tx) {
      const { messageId } = await service.resendMessage(tx, messageInPath(call));
      return { status: 202, body: { messageId: toCourierId(messageId) } };
    },
  };
}

/** `PUT /requests/{requestId}/archive`: its messages leave the listings, and stay readable by id. */
export function archiveRequestRoute(service: Service): CommandRoute {
  return {
    kind: 'command',
    method: 'put',
    path: '/requests/{requestId}/archive',
    auth: 'workspace',
    openapi: {
      operationId: 'archiveRequest',
      summary: 'Archive the messages of a request',
      requestParams: { path: z.object({ requestId: messageIdText }) },
      responses: { '202': { description: 'They are archived. The answer has no body.' } },
    },
    async handle(call, tx) {
      await service.archiveRequest(tx, requestInPath(call));
      return { status: 202 };
    },
  };
}
