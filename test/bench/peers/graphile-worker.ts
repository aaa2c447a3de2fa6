/**
 * Graphile Worker. The variant is `default` (no batching) or `tuned` (a local queue, completions and failures in batches). It deletes
 * what is done, so the task writes a row of its own. Its waits are fixed: exp(attempt) seconds, 2.7 s first.
 */
import { makeWorkerUtils, run as runWorker, Logger, type Task } from 'graphile-worker';
import { Pool } from 'pg';
import { CONTRACT, nowMs, type FinalState, type Recipient } from '../contract';
import { createPost } from '../post';
import { required, serveProgram } from '../program';
import { createCountdown } from './countdown';
import { untilCounted } from './until-counted';

const PAGE = 1_000;
const ENDED = 'select count(*)::int as n from outcomes where recipient_id like $1';
const BATCHING = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };

serveProgram(async (place) => {
  const pool = new Pool({ connectionString: required(place.databaseUrl, 'database'), max: 20 });
  const utils = await makeWorkerUtils({ pgPool: pool });
  await utils.migrate();
  await pool.query(
    'create table outcomes (recipient_id text primary key, state text not null, attempts int not null)',
  );
  const post = createPost(place.sinkUrl);
  const countdown = createCountdown();
  const send: Task = async (payload, { job, query }) => {
    const recipient = payload as Recipient;
    const answer = await post(recipient);
    if (answer === 'retry' && job.attempts < job.max_attempts) throw new Error('not taken by the sink');
    const state: FinalState = answer === 'accepted' ? 'sent' : 'failed';
    await query('insert into outcomes values ($1, $2, $3)', [recipient.id, state, job.attempts]);
    countdown.one();
  };
  const runner = await runWorker({
    pgPool: pool,
    taskList: { send },
    noHandleSignals: true,
    logger: new Logger(() => () => undefined),
    preset: {
      worker: { concurrentJobs: CONTRACT.concurrency, ...(place.variant === 'tuned' ? BATCHING : {}) },
    },
  });
  return {
    async run(recipients, run) {
      const submit = nowMs();
      const all = countdown.from(recipients.length);
      for (let from = 0; from < recipients.length; from += PAGE) {
        const page = recipients.slice(from, from + PAGE);
        const { maxAttempts } = CONTRACT;
        await utils.addJobs(
          page.map((payload) => ({ identifier: 'send', payload, maxAttempts, jobKey: payload.id })),
        );
      }
      const submitted = nowMs();
      await all;
      await untilCounted(pool, ENDED, run, recipients.length);
      return { submit, submitted, released: submit, end: nowMs() };
    },
    async states(run) {
      const { rows } = await pool.query<{ recipient_id: string; state: FinalState }>(
        'select recipient_id, state from outcomes where recipient_id like $1',
        [`${run}-%`],
      );
      return Object.fromEntries(rows.map((row) => [row.recipient_id, row.state]));
    },
    async close() {
      await runner.stop();
      await utils.release();
      await pool.end();
    },
  };
});
