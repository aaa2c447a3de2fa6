import { type Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import {
  DELIVER_TASK_QUEUE,
  MESSAGE_TASK_QUEUE,
  PAGE_TASK_QUEUE,
  TASK_QUEUE,
  WEBHOOK_TASK_QUEUE,
} from '../../../workflows/contract';
import { type ReadinessCheck } from '../../../api/operations/health';
import { type Database } from '../../ledger/database';
import { isMigrated } from '../../ledger/migrate';
import { missingSearchAttributes } from '../../temporal/search-attributes';
import { type Config } from '../config';

const TIMEOUT_MS = 2_000;
const QUEUES = [TASK_QUEUE, MESSAGE_TASK_QUEUE, DELIVER_TASK_QUEUE, PAGE_TASK_QUEUE, WEBHOOK_TASK_QUEUE];

/** What /readyz asks, each with a sentence that says what to do. */
export function readinessChecks(deps: { db: Database; client: Client; config: Config }): ReadinessCheck[] {
  const { db, client, config } = deps;
  const { namespace } = config.temporal;
  const bounded = <T>(work: () => Promise<T>): Promise<T> =>
    client.withDeadline(Date.now() + TIMEOUT_MS, work);
  return [
    {
      name: 'database',
      async check() {
        if (!(await isMigrated((text) => db.query<{ name: string }>(text)))) {
          throw new Error('The schema is behind: run `volley migrate`.');
        }
      },
    },
    {
      name: 'temporal',
      async check() {
        await bounded(() => client.workflowService.describeNamespace({ namespace })).catch(() => {
          throw new Error(
            'Temporal does not answer, or the namespace does not exist: check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.',
          );
        });
      },
    },
    {
      name: 'search attributes',
      async check() {
        if (!config.engine.searchAttributes) return;
        const missing = await bounded(() => missingSearchAttributes(client, namespace));
        if (missing.length > 0) {
          throw new Error(
            `Register ${missing.join(', ')} (run \`volley migrate\`), or set VOLLEY_SEARCH_ATTRIBUTES=0.`,
          );
        }
      },
    },
    {
      name: 'worker',
      async check() {
        for (const name of QUEUES) {
          const { pollers } = await bounded(() =>
            client.workflowService.describeTaskQueue({
              namespace,
              taskQueue: { name },
              taskQueueType:
                name === TASK_QUEUE || name === MESSAGE_TASK_QUEUE
                  ? temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
                  : temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
            }),
          );
          if (!pollers?.length)
            throw new Error(`No worker polls the task queue ${name}: start \`volley worker\`.`);
        }
      },
    },
  ];
}
