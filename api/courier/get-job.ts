import { z } from 'zod';
import { estimateSeconds } from '../../src/domain/estimate';
import { FAN_OUTS, MESSAGE_STATES } from '../../src/domain/states';
import { type LiveStatus, type Service } from '../../src/service/service';
import { type JobView } from '../../src/service/views';
import { type ReadRoute } from '../route';
import { jobStatus, jobStatusText, readBulkJob } from './job-status';
import { ours } from '../ours';
import { jobPath } from './openapi-parts';
import { jobInPath } from './path-ids';

const SEED_RESPONSE = {
  job: {
    definition: { event: 'V7E6M48EFQMB78H746QCCD1KSRAA' },
    enqueued: 2,
    failures: 0,
    received: 2,
    status: 'COMPLETED',
  },
};

const STATISTICS = ['sent', 'delivered', 'opened', 'clicked', 'undeliverable'] as const;

const job = z
  .object({
    definition: z
      .looseObject({ event: z.string().optional() })
      .meta({ description: 'The message as created; `event` filled from the template where it was absent.' }),
    enqueued: z.int().meta({ description: 'Messages placed on the pipeline; never falls.' }),
    failures: z.int().meta({ description: 'Messages that could not be placed there; never falls.' }),
    received: z.int().meta({ description: 'Users in the job: enqueued + failures + those still pending.' }),
    status: jobStatusText,
    counts: z
      .object(Object.fromEntries(MESSAGE_STATES.map((state) => [state, z.int()])))
      .optional()
      .meta({ description: ours('Messages by state.') }),
    statistics: z
      .object(Object.fromEntries(STATISTICS.map((name) => [name, z.int()])))
      .optional()
      .meta({ description: ours('How many messages ever got there; never falls.') }),
    paused: z
      .boolean()
      .optional()
      .meta({ description: ours('Held by a pause.') }),
    cancelRequested: z
      .boolean()
      .optional()
      .meta({ description: ours('Cancelled, or being so.') }),
    guarantee: z
      .enum(['at_least_once', 'at_most_once'])
      .optional()
      .meta({ description: ours('What happens in doubt.') }),
    fanOut: z
      .enum(FAN_OUTS)
      .optional()
      .meta({ description: ours('How it is delivered: see `Volley-Options`.') }),
    estimatedSeconds: z
      .object({ workflow: z.int(), page: z.int() })
      .optional()
      .meta({ description: ours('Before it is run: about how long each way of delivering would take.') }),
    live: z
      .object({ step: z.string(), shardsRunning: z.int(), nextWakeUp: z.string().nullable() })
      .optional()
      .meta({ description: ours('What the running workflow is doing; absent when it did not say in time.') }),
  })
  .meta({ id: 'BulkJob' });

/** `GET /bulk/{jobId}`: the numbers are the ledger's, from one statement; `live` is the workflow's, where it answers. */
export function getJobRoute(service: Service): ReadRoute {
  return {
    kind: 'read',
    method: 'get',
    path: '/bulk/{jobId}',
    auth: 'workspace',
    openapi: {
      operationId: 'getBulkJob',
      summary: 'Get a bulk job',
      requestParams: jobPath,
      responses: {
        '200': {
          description: 'The job as it stands.',
          content: {
            'application/json': {
              schema: z.object({ job }),
              examples: { completed: { summary: 'A job that is through', value: SEED_RESPONSE } },
            },
          },
        },
      },
    },
    async handle(call, db) {
      const view = await readBulkJob(service, db, jobInPath(call));
      const live = view.phase === 'settled' ? undefined : await service.liveStatus(view);
      return { status: 200, body: { job: jobBody(view, live) } };
    },
  };
}

function jobBody(view: JobView, live: LiveStatus | undefined): z.input<typeof job> {
  const { definition, enqueued, failures, received, counts, paused, cancelRequested, guarantee } = view;
  const { fanOut, phase } = view;
  return {
    definition: definition as z.input<typeof job>['definition'],
    enqueued,
    failures,
    received,
    status: jobStatus(view),
    counts: { ...counts },
    statistics: { ...view.statistics },
    paused,
    cancelRequested,
    guarantee,
    fanOut,
    ...(phase === 'open' ? { estimatedSeconds: estimateSeconds(received) } : {}),
    ...(live ? { live: { ...live } } : {}),
  };
}
