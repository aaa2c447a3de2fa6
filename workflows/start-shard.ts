import {
  executeChild,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  ChildWorkflowCancellationType,
} from '@temporalio/workflow';
import { type FanOut } from '../src/domain/states';
import { ledger } from './activities';
import {
  WORKFLOWS,
  workflowIds,
  type ErrorSample,
  type JobInput,
  type PlannedShard,
  type ShardResult,
} from './contract';
import { childTags } from './operator-view';
import { type deliverShard } from './deliver-shard';

const MAX_ERROR_SAMPLES = 100;

/** What startShard needs of the run that starts it. */
interface ShardOwner {
  generation: number;
  shards: Map<string, () => void>;
  finishedShards: number;
  errors: ErrorSample[];
}

/**
 * Starts one shard and notes its end. A shard that failed, was terminated or stopped gives back what it held, so that the
 * planner finds it at once; its messages that are under way stay theirs.
 */
export function startShard(input: JobInput, owner: ShardOwner, shard: PlannedShard, fanOut?: FanOut): void {
  const { generation } = owner;
  const key = `${generation}.${shard.n}`;
  owner.shards.set(key, () => {
    getExternalWorkflowHandle(workflowIds.shard(input.jobId, generation, shard.n))
      .cancel()
      .catch(() => undefined);
  });
  void follow();

  async function follow(): Promise<void> {
    try {
      const result = await execute();
      owner.errors.push(...result.errors.slice(0, MAX_ERROR_SAMPLES - owner.errors.length));
    } catch {
      await ledger.releaseShard({ v: 1, jobId: input.jobId, generation, n: shard.n, held: [] });
    }
    owner.shards.delete(key);
    owner.finishedShards += 1;
  }

  function execute(): Promise<ShardResult> {
    return executeChild<typeof deliverShard>(WORKFLOWS.deliverShard, {
      workflowId: workflowIds.shard(input.jobId, generation, shard.n),
      args: [
        {
          v: 1,
          workspaceId: input.workspaceId,
          jobId: input.jobId,
          generation,
          n: shard.n,
          window: input.settings.window,
          searchAttributes: input.settings.searchAttributes,
          ...(fanOut === undefined ? {} : { fanOut }),
        },
      ],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowRunTimeout: '6 hours',
      staticSummary: `${shard.size} messages, ordinals ${shard.first} to ${shard.last}`,
      ...childTags(input.settings.searchAttributes, { ...input, kind: 'bulk' }),
    });
  }
}
