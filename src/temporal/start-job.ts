import { type Client } from '@temporalio/client';
import {
  SIGNALS,
  TASK_QUEUE,
  WORKFLOWS,
  workflowIds,
  type ChangedSignal,
  type EngineSettings,
  type JobInput,
  type MessageInput,
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
  const { workflow, args, staticSummary } = startOf(settings, job);
  const signal: ChangedSignal = { v: 1, version: job.version };
  const options = {
    workflowId: workflowIds.job(job.kind, job.jobId, job.alone),
    taskQueue: TASK_QUEUE,
    args,
    signal: SIGNALS.changed,
    signalArgs: [signal],
    staticSummary,
    ...jobTags(settings, job),
  };
  await client.withDeadline(Date.now() + SIGNAL_TIMEOUT_MS, () =>
    client.workflow.signalWithStart(workflow, options),
  );
}

/** Which workflow a job is, and with what it starts: a send is a batch, and one to a single recipient is its message. */
function startOf(
  settings: EngineSettings,
  { workspaceId, jobId, kind, alone }: Nudge,
): { workflow: string; args: [JobInput | MessageInput]; staticSummary: string } {
  if (alone) {
    const input: MessageInput = { v: 1, workspaceId, jobId, jobKind: kind, messageId: jobId, alone: true };
    return { workflow: WORKFLOWS.deliverMessage, args: [input], staticSummary: 'A message' };
  }
  const input: JobInput = { v: 1, workspaceId, jobId, settings, ...(kind === 'send' ? { kind } : {}) };
  return kind === 'bulk'
    ? { workflow: WORKFLOWS.bulkJob, args: [input], staticSummary: 'Bulk job' }
    : { workflow: WORKFLOWS.batch, args: [input], staticSummary: 'Batch of messages' };
}
