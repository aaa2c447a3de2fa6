import { z } from 'zod';
import { toCourierId } from '../../src/domain/ids';
import { type Service } from '../../src/service/service';
import { type CommandRoute } from '../route';
import { parseVolleyOptions, VOLLEY_OPTIONS_HEADER, volleyOptionsHeader } from '../volley-options';
import { readInboundJob } from './inbound-message';
import { createJobBody } from './message-schema';
import { jobIdText } from './openapi-parts';

const SEED_REQUEST = {
  message: {
    brand: 'my-brand',
    data: {},
    locale: 'en_US',
    message: { template: 'my-notification-or-event' },
  },
};
const WITH_CONTENT = {
  message: { event: 'welcome', content: { title: 'Welcome', body: 'Hello {{recipientName}}!' } },
};

/** `POST /bulk`: defines a job. It takes users until it is run, however long that takes. */
export function createJobRoute(service: Service): CommandRoute {
  return {
    kind: 'command',
    method: 'post',
    path: '/bulk',
    auth: 'workspace',
    openapi: {
      operationId: 'createBulkJob',
      summary: 'Create a bulk job',
      requestParams: { header: volleyOptionsHeader('job') },
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: createJobBody,
            examples: {
              template: { summary: 'A stored template', value: SEED_REQUEST },
              content: { summary: 'Content in the request', value: WITH_CONTENT },
            },
          },
        },
      },
      responses: {
        '201': {
          description: 'The job is kept, and open for users.',
          content: { 'application/json': { schema: z.object({ jobId: jobIdText }) } },
        },
      },
    },
    async handle(call, tx) {
      const { guarantee, fanOut, linkTracking } = parseVolleyOptions(
        call.header(VOLLEY_OPTIONS_HEADER),
        'job',
      );
      const { spec, definition } = readInboundJob(call.body, undefined, linkTracking);
      const { workspaceId } = call;
      const { jobId } = await service.createBulkJob(tx, {
        ...{ workspaceId, spec, definition, guarantee },
        ...(fanOut === undefined ? {} : { fanOut }),
      });
      return { status: 201, body: { jobId: toCourierId(jobId) } };
    },
  };
}
