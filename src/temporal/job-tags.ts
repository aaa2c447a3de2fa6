import { defineSearchAttributeKey, type Priority, type SearchAttributePair } from '@temporalio/common';
import { toCourierId } from '../domain/ids';
import { SEARCH_ATTRIBUTES, type EngineSettings } from '../../workflows/contract';
import { type Nudge } from '../ledger/outbox';

/** Search attributes and fairness of a job's own workflow; operational only, no personal data. */
export function jobTags(
  settings: Pick<EngineSettings, 'searchAttributes'>,
  job: Nudge,
): { priority: Priority; typedSearchAttributes?: SearchAttributePair[] } {
  const priority = { priorityKey: 2, fairnessKey: job.workspaceId };
  if (!settings.searchAttributes) return { priority };
  const keyword = (name: string) => defineSearchAttributeKey(name, 'KEYWORD');
  return {
    priority,
    typedSearchAttributes: [
      { key: keyword(SEARCH_ATTRIBUTES.workspace), value: job.workspaceId },
      {
        key: keyword(SEARCH_ATTRIBUTES.job),
        value: job.kind === 'batch' ? job.jobId : toCourierId(job.jobId),
      },
      { key: keyword(SEARCH_ATTRIBUTES.phase), value: 'starting' },
    ],
  };
}
