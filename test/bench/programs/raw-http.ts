/** No durability at all: what the sink and this client can do. The upper bound of every other figure. */
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs, CONTRACT, nowMs, type FinalState } from '../contract';
import { createPost, eachAtOnce } from '../post';
import { serveProgram } from '../program';

serveProgram(async ({ sinkUrl }) => {
  const post = createPost(sinkUrl);
  let states: Record<string, FinalState> = {};
  return {
    async run(recipients) {
      states = {};
      const submit = nowMs();
      // The waits are spent outside of the 50 places, as a queue would.
      const retries: Promise<void>[] = [];
      const deliver = async (recipient: (typeof recipients)[number], attempt: number): Promise<void> => {
        const answer = await post(recipient);
        if (answer === 'accepted') states[recipient.id] = 'sent';
        else if (answer === 'refused' || attempt === CONTRACT.maxAttempts) states[recipient.id] = 'failed';
        else retries.push(sleep(backoffMs(attempt)).then(() => deliver(recipient, attempt + 1)));
      };
      await eachAtOnce(recipients, CONTRACT.concurrency, (recipient) => deliver(recipient, 1));
      for (let i = 0; i < retries.length; i += 1) await retries[i];
      return { submit, submitted: submit, released: submit, end: nowMs() };
    },
    states: async () => states,
    close: async () => undefined,
  };
});
