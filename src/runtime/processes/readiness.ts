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

/** Below what the route gives a check, so that the sentence is heard and not that it took too long. */
const TIMEOUT_MS = 2_000;
const DATABASE_AWAY = 'The database does not answer, or refuses: check DATABASE_URL.';
const TEMPORAL_AWAY =
  'Temporal does not answer, or the namespace does not exist: check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.';
const { TASK_QUEUE_TYPE_ACTIVITY: ACTIVITY, TASK_QUEUE_TYPE_WORKFLOW: WORKFLOW } =
  temporal.api.enums.v1.TaskQueueType;
const QUEUES = [
  { name: TASK_QUEUE, taskQueueType: WORKFLOW },
  { name: MESSAGE_TASK_QUEUE, taskQueueType: WORKFLOW },
  { name: DELIVER_TASK_QUEUE, taskQueueType: ACTIVITY },
  { name: PAGE_TASK_QUEUE, taskQueueType: ACTIVITY },
  { name: WEBHOOK_TASK_QUEUE, taskQueueType: ACTIVITY },
];

/** What /readyz asks, each with a sentence that says what to do. */
export function readinessChecks(deps: { db: Database; client: Client; config: Config }): ReadinessCheck[] {
  const { db, client, config } = deps;
  const { namespace } = config.temporal;
  const ask = <T>(work: () => Promise<T>): Promise<T> =>
    orSay(TEMPORAL_AWAY, () => client.withDeadline(Date.now() + TIMEOUT_MS, work));
  return [
    {
      name: 'database',
      async check() {
        const read = (text: string) => db.query<{ name: string }>(text);
        if (!(await orSay(DATABASE_AWAY, () => isMigrated(read))))
          throw new Error('The schema is behind: run `volley migrate`.');
      },
    },
    {
      name: 'temporal',
      async check() {
        await ask(() => client.workflowService.describeNamespace({ namespace }));
      },
    },
    {
      name: 'search attributes',
      async check() {
        if (!config.engine.searchAttributes) return;
        const missing = await ask(() => missingSearchAttributes(client, namespace));
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
        const alone = await ask(() => firstWithoutWorker(client, namespace));
        if (alone) throw new Error(`No worker polls the task queue ${alone}: start \`volley worker\`.`);
      },
    },
  ];
}

/** The name of a task queue that nobody polls; undefined where each has a worker. */
async function firstWithoutWorker(client: Client, namespace: string): Promise<string | undefined> {
  for (const { name, taskQueueType } of QUEUES) {
    const request = { namespace, taskQueue: { name }, taskQueueType };
    const { pollers } = await client.workflowService.describeTaskQueue(request);
    if (!pollers?.length) return name;
  }
  return undefined;
}

/** What `work` comes to; `sentence` where it fails or takes too long: the drivers try again beyond their own deadlines. */
async function orSay<T>(sentence: string, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('late')), TIMEOUT_MS);
  });
  try {
    return await Promise.race([work(), late]);
  } catch (cause) {
    throw new Error(sentence, { cause });
  } finally {
    clearTimeout(timer);
  }
}
