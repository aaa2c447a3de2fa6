import { ApplicationFailure } from '@temporalio/common';
import { type FinalState, type Recipient } from '../../contract';
import { createPost } from '../../post';

/** What the Temporal contestants' workflows may do. */
export interface SendActivities {
  /** Throws where the sink refused: for good, or to be tried again by the retry policy of whoever called. */
  send(recipient: Recipient): Promise<void>;
  storeStates(run: string, states: Record<string, FinalState>): Promise<void>;
}

export function createSendActivities(
  sinkUrl: string,
  store: (run: string, states: Record<string, FinalState>) => void,
): SendActivities {
  const post = createPost(sinkUrl);
  return {
    async send(recipient) {
      const answer = await post(recipient);
      if (answer === 'accepted') return;
      throw answer === 'refused'
        ? ApplicationFailure.nonRetryable('refused by the sink', 'Refused')
        : ApplicationFailure.retryable('not taken by the sink', 'NotTaken');
    },
    storeStates: async (run, states) => store(run, states),
  };
}
