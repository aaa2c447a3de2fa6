import { type ErrorSample, type MessageResult, type PageResult } from '../../workflows/contract';

/** Error samples that a shard passes up; the job keeps at most 100 of all its shards'. */
const MAX_ERROR_SAMPLES = 20;

/** What became of the messages of one shard, by number, with a few examples of those that ended in error. */
export function createTally(): { count(id: string, result: MessageResult): void; result(): PageResult } {
  const sums = { settled: 0, parked: 0, left: 0 };
  const errors: ErrorSample[] = [];
  return {
    count(id, result) {
      sums[result.type] += 1;
      if (result.type !== 'settled' || result.state !== 'rejected' || !result.reason) return;
      if (errors.length < MAX_ERROR_SAMPLES)
        errors.push({ messageId: id, status: 'ERROR', reason: result.reason });
    },
    result: () => ({ ...sums, errors }),
  };
}
