/** What operators see of a workflow in Temporal's web UI: search attributes, summaries, current details. No personal data. */
import { setCurrentDetails, upsertSearchAttributes, type ChildWorkflowOptions } from '@temporalio/workflow';
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { toCourierId } from '../src/domain/ids';
import { type JobKind } from '../src/domain/states';
import { SEARCH_ATTRIBUTES, type Progress } from './contract';

export const searchAttributeKeys = {
  workspace: defineSearchAttributeKey(SEARCH_ATTRIBUTES.workspace, 'KEYWORD'),
  job: defineSearchAttributeKey(SEARCH_ATTRIBUTES.job, 'KEYWORD'),
  phase: defineSearchAttributeKey(SEARCH_ATTRIBUTES.phase, 'KEYWORD'),
} as const;

/** Search attributes and fairness of everything that works for one job: one workspace's load does not starve another's. */
export function childTags(
  searchAttributes: boolean,
  job: { workspaceId: string; jobId: string; kind: JobKind },
): Pick<ChildWorkflowOptions, 'typedSearchAttributes' | 'priority'> {
  const pairs: SearchAttributePair[] = [
    { key: searchAttributeKeys.workspace, value: job.workspaceId },
    { key: searchAttributeKeys.job, value: job.kind === 'batch' ? job.jobId : toCourierId(job.jobId) },
  ];
  return {
    priority: { priorityKey: 3, fairnessKey: job.workspaceId },
    ...(searchAttributes ? { typedSearchAttributes: pairs } : {}),
  };
}

/** The details line of a job, and its phase as a search attribute where the server knows it. Upserted per phase, not per item. */
export function describePhase(
  settings: { searchAttributes: boolean },
  run: { step: string; shards: ReadonlyMap<string, unknown>; progress: Progress; described?: string },
): void {
  const { received, enqueued, failures, status } = run.progress;
  setCurrentDetails(
    `**${run.step}** · ${status} · ${received} received, ${enqueued} enqueued, ${failures} failures · ${run.shards.size} shards running`,
  );
  if (!settings.searchAttributes || run.described === run.step) return;
  run.described = run.step;
  upsertSearchAttributes([{ key: searchAttributeKeys.phase, value: run.step }]);
}
