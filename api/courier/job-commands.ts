import { z } from 'zod';
import { toCourierId } from '../../src/domain/ids';
import { type JobRef, type Service } from '../../src/service/service';
import { type Tx } from '../../src/ledger/database';
import { type CommandRoute } from '../route';
import { jobStatus, jobStatusText, readBulkJob } from './job-status';
import { ours } from '../ours';
import { jobIdText, jobPath } from './openapi-parts';
import { jobInPath } from './path-ids';

interface Command {
  readonly verb: 'cancel' | 'pause' | 'resume';
  readonly summary: string;
  readonly description: string;
  readonly apply: (tx: Tx, ref: JobRef) => Promise<void>;
}

/** Volley's own: Courier's Bulk API can neither stop a job nor hold it. Each takes effect with its commit. */
export function jobCommandRoutes(service: Service): readonly CommandRoute[] {
  const commands: readonly Command[] = [
    {
      verb: 'cancel',
      summary: 'Cancel a bulk job',
      description: ours('No further message is sent; those being sent end as they end.'),
      apply: (tx, ref) => service.cancelJob(tx, ref),
    },
    {
      verb: 'pause',
      summary: 'Pause a bulk job',
      description: ours('No further message is sent until the job is resumed.'),
      apply: (tx, ref) => service.pauseJob(tx, ref),
    },
    {
      verb: 'resume',
      summary: 'Resume a bulk job',
      description: ours('Goes on where the pause stopped it.'),
      apply: (tx, ref) => service.resumeJob(tx, ref),
    },
  ];
  return commands.map((command) => routeOf(service, command));
}

function routeOf(service: Service, { verb, summary, description, apply }: Command): CommandRoute {
  return {
    kind: 'command',
    method: 'post',
    path: `/bulk/{jobId}/${verb}`,
    auth: 'workspace',
    errors: ['job_final'],
    openapi: {
      operationId: `${verb}BulkJob`,
      summary,
      description,
      requestParams: jobPath,
      responses: {
        '202': {
          description: 'It holds from now on.',
          content: { 'application/json': { schema: z.object({ jobId: jobIdText, status: jobStatusText }) } },
        },
      },
    },
    async handle(call, tx) {
      const ref = jobInPath(call);
      await readBulkJob(service, tx, ref);
      await apply(tx, ref);
      const job = await readBulkJob(service, tx, ref);
      return { status: 202, body: { jobId: toCourierId(job.id), status: jobStatus(job) } };
    },
  };
}
