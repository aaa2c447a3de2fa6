import { type Client } from '@temporalio/client';
import {
  SIGNALS,
  TASK_QUEUE,
  WORKFLOWS,
  workflowIds,
  type ChangedSignal,
  type EngineSettings,
  type JobInput,
} from '../../workflows/contract';
import { type Nudge } from '../ledger/outbox';
import { jobTags } from './job-tags';

/** Long enough for a server under load, short enough that a caller's request does not hang: the relay repeats. */
const SIGNAL_TIMEOUT_MS = 5_000;

/**
 * Tells a job's workflow to look, and starts it where it does not run: create, recovery and a lost Temporal database are the
 * same call. A settled job's workflow that this starts again ends at its first look.
 */
export async function signalJob(client: Client, settings: EngineSettings, job: Nudge): Promise<void> {
  const input: JobInput = { v: 1, workspaceId: job.workspaceId, jobId: job.jobId, settings };
  const signal: ChangedSignal = { v: 1, version: job.version };
  const options = {
    workflowId: workflowIds.job(job.kind, job.jobId),
    taskQueue: TASK_QUEUE,
    args: [input],
    signal: SIGNALS.changed,
    signalArgs: [signal],
    staticSummary: job.kind === 'bulk' ? 'Bulk job' : 'Batch of messages',
    ...jobTags(settings, job),
  };
  const workflow = job.kind === 'bulk' ? WORKFLOWS.bulkJob : WORKFLOWS.batch;
  await client.withDeadline(Date.now() + SIGNAL_TIMEOUT_MS, () =>
    client.workflow.signalWithStart(workflow, options),
  );
}
