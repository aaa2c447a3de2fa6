/**
 * pg-boss with batches, settled job by job, fetching on without a pause while batches come full. Its waits are whole seconds: from
 * 1 s, doubled. `deadletter` ends a job for good. Finished jobs stay in its table.
 */
import { Pool } from 'pg';
import { PgBoss, type JobResult } from 'pg-boss';
import { CONTRACT, nowMs, type FinalState, type Recipient } from '../contract';
import { createPost } from '../post';
import { required, serveProgram } from '../program';
import { createCountdown } from './countdown';
import { untilCounted } from './until-counted';

const PAGE = 1_000;
/** Two at once, so that one fetches and settles while the other sends; together the contract's 50. */
const WORKERS = 2;
const QUEUE = 'send';
const ENDED = `select count(*)::int as n from pgboss.job where name = 'send' and data->>'id' like $1 and state in ('completed', 'failed')`;
const STATES = `select data->>'id' as id, state from pgboss.job where name = 'send' and data->>'id' like $1 and state in ('completed', 'failed')`;

serveProgram(async (place) => {
  const connectionString = required(place.databaseUrl, 'database');
  const boss = new PgBoss({ connectionString, max: 20 });
  boss.on('error', (error) => console.error(error));
  const pool = new Pool({ connectionString, max: 2 });
  const post = createPost(place.sinkUrl);
  const countdown = createCountdown();
  await boss.start();
  await boss.createQueue(QUEUE, { retryLimit: CONTRACT.maxAttempts - 1, retryDelay: 1, retryBackoff: true });
  const settle = async (job: { id: string; data: Recipient; retryCount: number }): Promise<JobResult> => {
    const answer = await post(job.data);
    const last = answer !== 'retry' || job.retryCount >= CONTRACT.maxAttempts - 1;
    if (last) countdown.one();
    if (answer === 'accepted') return { id: job.id, status: 'completed' };
    return { id: job.id, status: answer === 'refused' ? 'deadletter' : 'failed' };
  };
  await boss.work<Recipient>(
    QUEUE,
    {
      batchSize: CONTRACT.concurrency / WORKERS,
      localConcurrency: WORKERS,
      burstWhenBatchFull: true,
      perJobResults: true,
      includeMetadata: true,
      pollingIntervalSeconds: 0.5,
    },
    (jobs) => Promise.all(jobs.map(settle)),
  );
  return {
    async run(recipients, run) {
      const submit = nowMs();
      const all = countdown.from(recipients.length);
      for (let from = 0; from < recipients.length; from += PAGE) {
        await boss.insert(
          QUEUE,
          recipients.slice(from, from + PAGE).map((data) => ({ data })),
        );
      }
      const submitted = nowMs();
      await all;
      await untilCounted(pool, ENDED, run, recipients.length);
      return { submit, submitted, released: submit, end: nowMs() };
    },
    async states(run) {
      const { rows } = await pool.query<{ id: string; state: string }>(STATES, [`${run}-%`]);
      return Object.fromEntries(
        rows.map(({ id, state }): [string, FinalState] => [id, state === 'completed' ? 'sent' : 'failed']),
      );
    },
    async close() {
      await boss.stop({ graceful: true });
      await pool.end();
    },
  };
});
