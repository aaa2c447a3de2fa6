import { type Db } from '../../src/ledger/database';
import { type Service } from '../../src/service/service';
import { type MessageView } from '../../src/service/views';
import { type Call, type ReadRoute } from '../route';
import { messageRecord, recordBody } from './message-body';
import { messagePath } from './openapi-parts';
import { messageInPath, noSuchMessage } from './path-ids';

/** `GET /messages/{messageId}`: the `messageId` of each item of a job, once the job runs. */
export function getMessageRoute(service: Service): ReadRoute {
  return {
    kind: 'read',
    method: 'get',
    path: '/messages/{messageId}',
    auth: 'workspace',
    openapi: {
      operationId: 'getMessage',
      summary: 'Get a message',
      requestParams: messagePath,
      responses: {
        '200': {
          description: 'The message as it stands.',
          content: { 'application/json': { schema: messageRecord } },
        },
      },
    },
    async handle(call, db) {
      return { status: 200, body: recordBody(await readReleased(service, call, db)) };
    },
  };
}

/** The message in the path. One that its job has not released yet does not exist from outside (design: 404). */
export async function readReleased(service: Service, call: Call, db: Db): Promise<MessageView> {
  const view = await service.readMessage(db, messageInPath(call));
  if (view.jobPhase === 'open' && view.state === 'pending') throw noSuchMessage();
  return view;
}
