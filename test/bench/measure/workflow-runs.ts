import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type Database } from '../../../src/ledger/database';
import { eventually } from '../../support/eventually';
import { workflowIds } from '../../../workflows/contract';
import { summarise, type Times } from './times';

export interface LargestRun {
  readonly workflowId: string;
  readonly events: number;
  readonly bytes: number;
}

export interface WorkflowRuns {
  /** Of the job and its shards; a job that continued as new has several. */
  readonly runs: number;
  readonly mostEvents: LargestRun;
  readonly mostBytes: LargestRun;
  /** The planning activity, from its start to its end, in ms. */
  readonly planning: Times;
}

const ENDS_MS = 60_000;

/**
 * What Temporal keeps of a job that is over, as the server itself says: history of each run of `bulkJob` and of each shard in
 * the ledger. Waits for the job's last run to end, since the ledger is final a moment before.
 * @param jobId the UUID.
 */
export async function workflowRunsOf(client: Client, db: Database, jobId: string): Promise<WorkflowRuns> {
  const jobRuns = await jobRunsOf(client, workflowIds.job('bulk', jobId));
  const planningMs: number[] = [];
  for (const { workflowId, runId } of jobRuns)
    planningMs.push(...(await planningOf(client, workflowId, runId)));
  const shards = await db.query<{ generation: number; n: number }>(
    'select generation, n from shards where job_id = $1',
    [jobId],
  );
  const sizes: LargestRun[] = jobRuns.map(({ workflowId, events, bytes }) => ({ workflowId, events, bytes }));
  for (const { generation, n } of shards) {
    const size = await sizeOf(client, workflowIds.shard(jobId, generation, n));
    if (size !== undefined) sizes.push(size);
  }
  const largest = (by: 'events' | 'bytes'): LargestRun =>
    sizes.reduce((most, each) => (each[by] > most[by] ? each : most));
  return {
    runs: sizes.length,
    mostEvents: largest('events'),
    mostBytes: largest('bytes'),
    planning: summarise(planningMs),
  };
}

async function jobRunsOf(
  client: Client,
  workflowId: string,
): Promise<(LargestRun & { readonly runId: string })[]> {
  const last = await eventually(
    'the job workflow has ended',
    async () => {
      const found = await client.workflow.getHandle(workflowId).describe();
      return found.status.name !== 'RUNNING' && found;
    },
    ENDS_MS,
  );
  const runs = [{ workflowId, runId: last.runId, events: last.historyLength, bytes: last.historySize ?? 0 }];
  // Runs before a continue-as-new; the list lags, and only the last run may be missing in it.
  for await (const run of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
    if (run.runId === last.runId) continue;
    const { historyLength, historySize } = await client.workflow.getHandle(workflowId, run.runId).describe();
    runs.push({ workflowId, runId: run.runId, events: historyLength, bytes: historySize ?? 0 });
  }
  return runs;
}

async function sizeOf(client: Client, workflowId: string): Promise<LargestRun | undefined> {
  try {
    const { historyLength, historySize } = await client.workflow.getHandle(workflowId).describe();
    return { workflowId, events: historyLength, bytes: historySize ?? 0 };
  } catch (error) {
    // Planned, and the job was renewed before it was started.
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

interface Stamp {
  readonly seconds?: unknown;
  readonly nanos?: number | null;
}

async function planningOf(client: Client, workflowId: string, runId: string): Promise<number[]> {
  const { events = [] } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const scheduled = new Set<string>();
  const started = new Map<string, number>();
  const times: number[] = [];
  for (const event of events ?? []) {
    const { activityTaskScheduledEventAttributes: plan, activityTaskStartedEventAttributes: start } = event;
    const { activityTaskCompletedEventAttributes: done } = event;
    if (plan?.activityType?.name === 'planShards') scheduled.add(String(event.eventId));
    const of = String(start?.scheduledEventId ?? done?.scheduledEventId);
    if (!scheduled.has(of)) continue;
    if (start) started.set(of, msOf(event.eventTime));
    if (done) times.push(msOf(event.eventTime) - (started.get(of) ?? NaN));
  }
  return times;
}

function msOf(stamp: Stamp | null | undefined): number {
  return Number(stamp?.seconds) * 1_000 + (stamp?.nanos ?? 0) / 1e6;
}
