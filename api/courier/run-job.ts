import { type Service } from '../../src/service/service';
import { type CommandRoute } from '../route';
import { readBulkJob } from './job-status';
import { jobPath } from './openapi-parts';
import { jobInPath } from './path-ids';

/**
 * `POST /bulk/{jobId}/run`: seals the job and starts it, once. Any body is ignored: old SDKs send `{}`, new ones none.
 * Again: 409 with `x-should-retry: false`, or the SDK would ask three times.
 */
export function runJobRoute(service: Service): CommandRoute {
  return {
    kind: 'command',
    method: 'post',
    path: '/bulk/{jobId}/run',
    auth: 'workspace',
    errors: ['already_run', 'job_empty', 'job_final'],
    openapi: {
      operationId: 'runBulkJob',
      summary: 'Run a bulk job',
      description: 'A job is run once. An empty job is refused with 400, a second run with 409.',
      requestParams: jobPath,
      responses: {
        '202': { description: 'The job is running. The answer has no body.' },
      },
    },
    async handle(call, tx) {
      const ref = jobInPath(call);
      await readBulkJob(service, tx, ref);
      await service.runJob(tx, ref);
      return { status: 202 };
    },
  };
}
