import { type Reason } from './reasons';
import { type MessageState } from './states';

/** Error samples that a shard passes up; the job keeps at most 100 of all its shards'. */
const MAX_ERROR_SAMPLES = 20;

/** How a shard was done with a message; `state` and `reason` of settled ones. */
interface Ending {
  readonly type: 'settled' | 'parked' | 'left';
  readonly state?: MessageState;
  readonly reason?: Reason | null;
}

export interface ErrorSample {
  readonly messageId: string;
  readonly status: 'ERROR';
  readonly reason: Reason;
}

/** What became of the messages of one shard, by number, and the first few of those that ended in error. */
export interface ShardTally {
  readonly settled: number;
  readonly parked: number;
  readonly left: number;
  readonly errors: readonly ErrorSample[];
}

/**
 * Counts the messages of one shard, whichever way it delivers them: the same input in the same order gives the same result.
 * `result` is the tally as it stands, not a copy of it.
 */
export function createTally(): { count(messageId: string, ending: Ending): void; result(): ShardTally } {
  const errors: ErrorSample[] = [];
  const tally = { settled: 0, parked: 0, left: 0, errors };
  return {
    count(messageId, { type, state, reason }) {
      tally[type] += 1;
      if (state === 'rejected' && reason && errors.length < MAX_ERROR_SAMPLES)
        errors.push({ messageId, status: 'ERROR', reason });
    },
    result: () => tally,
  };
}
