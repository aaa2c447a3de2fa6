import {
  CancellationScope,
  ChildWorkflowCancellationType,
  executeChild,
  ParentClosePolicy,
  setCurrentDetails,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { createTally } from '../src/domain/shard-tally';
import { deliverPage, ledger } from './activities';
import {
  MESSAGE_TASK_QUEUE,
  WORKFLOWS,
  workflowIds,
  type MessageResult,
  type ShardInput,
  type ShardResult,
} from './contract';
import { childTags } from './operator-view';
import { type deliverMessage } from './deliver-message';

/**
 * A fixed range of a bulk job: asks the ledger which of its messages still want a child, and runs them, `window` at a time.
 * Never sleeps. A child that fails is caught: the ledger knows where its message stands. Asked to cancel, it starts no more,
 * waits for those under way and gives back the rest.
 */
export async function deliverShard(input: ShardInput): Promise<ShardResult> {
  const shard = { v: 1, jobId: input.jobId, generation: input.generation, n: input.n } as const;
  const tally = createTally();
  const held: string[] = [];
  let stopped = false;
  let next = 0;
  if (input.fanOut === 'page') {
    // One activity has the whole shard, and hears of pause and cancel from the ledger before this does.
    return CancellationScope.nonCancellable(() => deliverPage(shard));
  }
  CancellationScope.current().cancelRequested.catch(() => {
    stopped = true;
  });

  await CancellationScope.nonCancellable(async () => {
    const messageIds = await ledger.loadShard(shard);
    const lane = async (): Promise<void> => {
      for (let id = messageIds[next]; id !== undefined && !stopped; id = messageIds[next]) {
        next += 1;
        const ending = await deliverOne(input, id);
        tally.count(id, ending);
        if (ending.type === 'left' && ending.why === 'held') held.push(id);
      }
    };
    await Promise.all(Array.from({ length: Math.min(input.window, messageIds.length) }, lane));
    const { settled, parked, left } = tally.result();
    if (stopped || left > 0) await ledger.releaseShard({ ...shard, held });
    setCurrentDetails(`${settled} settled, ${parked} parked, ${left} left${stopped ? ', stopped' : ''}`);
  });
  return tally.result();
}

async function deliverOne(input: ShardInput, messageId: string): Promise<MessageResult> {
  try {
    return await executeChild<typeof deliverMessage>(WORKFLOWS.deliverMessage, {
      workflowId: workflowIds.message('bulk', messageId),
      taskQueue: MESSAGE_TASK_QUEUE,
      args: [
        {
          ...{ v: 1, workspaceId: input.workspaceId, jobId: input.jobId, jobKind: 'bulk', messageId },
          inPlace: true,
        },
      ],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      ...childTags(input.searchAttributes, { ...input, kind: 'bulk' }),
    });
  } catch (error) {
    // An open child of an earlier shard has it: no error. A child that failed or was terminated left its message to the ledger.
    return { type: 'left', why: error instanceof WorkflowExecutionAlreadyStartedError ? 'held' : 'paused' };
  }
}
