/**
 * BullMQ: jobs added in bulk, 1,000 a call; one worker with 50 at once. Finished jobs stay in Redis, which is where their states are
 * read from. Retries are the contract's own: exponential from 100 ms.
 */
import { Queue, UnrecoverableError, Worker, type Job } from 'bullmq';
import { CONTRACT, nowMs, type FinalState, type Recipient } from '../contract';
import { createPost } from '../post';
import { required, serveProgram } from '../program';
import { createCountdown } from './countdown';

const PAGE = 1_000;
const OPTIONS = {
  attempts: CONTRACT.maxAttempts,
  backoff: { type: 'exponential', delay: CONTRACT.backoffMs },
  removeOnComplete: false,
  removeOnFail: false,
};

serveProgram(async (place) => {
  const connection = {
    host: '127.0.0.1',
    port: required(place.redisPort, 'Redis'),
    maxRetriesPerRequest: null,
  };
  const name = `send-${process.pid}`;
  const post = createPost(place.sinkUrl);
  const queue = new Queue<Recipient>(name, { connection });
  const countdown = createCountdown();
  const worker = new Worker<Recipient>(
    name,
    async ({ data }: Job<Recipient>) => {
      const answer = await post(data);
      if (answer === 'refused') throw new UnrecoverableError('refused by the sink');
      if (answer === 'retry') throw new Error('not taken by the sink');
    },
    { connection, concurrency: CONTRACT.concurrency },
  );
  worker.on('completed', () => countdown.one());
  worker.on('failed', (job, error) => {
    const final = error instanceof UnrecoverableError || (job?.attemptsMade ?? 0) >= CONTRACT.maxAttempts;
    if (final) countdown.one();
  });
  await worker.waitUntilReady();
  return {
    async run(recipients) {
      const submit = nowMs();
      const all = countdown.from(recipients.length);
      for (let from = 0; from < recipients.length; from += PAGE) {
        const page = recipients.slice(from, from + PAGE);
        await queue.addBulk(
          page.map((data) => ({ name: 'send', data, opts: { ...OPTIONS, jobId: data.id } })),
        );
      }
      const submitted = nowMs();
      await all;
      return { submit, submitted, released: submit, end: nowMs() };
    },
    async states(run) {
      const of = async (type: 'completed' | 'failed', state: FinalState): Promise<[string, FinalState][]> => {
        const jobs = await queue.getJobs([type]);
        return jobs.map(({ data }) => [data.id, state]);
      };
      const found = [...(await of('completed', 'sent')), ...(await of('failed', 'failed'))];
      return Object.fromEntries(found.filter(([id]) => id.startsWith(`${run}-`)));
    },
    async close() {
      await worker.close();
      await queue.close();
    },
  };
});
