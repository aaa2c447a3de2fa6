/**
 * DBOS: a durable workflow for each recipient with one retried step, through a queue of 50. Workflows are enqueued one by one, 50 at
 * once. The contract's retries, inside the step; a refusal is not repeated.
 */
import { DBOS } from '@dbos-inc/dbos-sdk';
import { Pool } from 'pg';
import { CONTRACT, nowMs, type FinalState, type Recipient } from '../contract';
import { createPost, eachAtOnce } from '../post';
import { required, serveProgram } from '../program';
import { createCountdown } from './countdown';
import { untilCounted } from './until-counted';

const STARTERS = 50;
const ENDED = `select count(*)::int as n from dbos.workflow_status where workflow_uuid like $1 and status in ('SUCCESS', 'ERROR')`;

class Refused extends Error {}

serveProgram(async (place) => {
  const systemDatabaseUrl = required(place.databaseUrl, 'database');
  const post = createPost(place.sinkUrl);
  const countdown = createCountdown();
  const send = async (recipient: Recipient): Promise<void> => {
    const answer = await post(recipient);
    if (answer === 'refused') throw new Refused('refused by the sink');
    if (answer === 'retry') throw new Error('not taken by the sink');
  };
  const deliver = DBOS.registerWorkflow(
    async (recipient: Recipient): Promise<FinalState> => {
      try {
        await DBOS.runStep(() => send(recipient), {
          ...{ name: 'send', retriesAllowed: true, maxAttempts: CONTRACT.maxAttempts },
          ...{ intervalSeconds: CONTRACT.backoffMs / 1_000, backoffRate: CONTRACT.backoffFactor },
          shouldRetry: (error) => !(error instanceof Refused),
        });
        return 'sent';
      } catch {
        return 'failed';
      } finally {
        countdown.one();
      }
    },
    { name: 'deliver' },
  );
  DBOS.setConfig({ name: 'bench', systemDatabaseUrl, logLevel: 'error', runAdminServer: false });
  await DBOS.launch();
  await DBOS.registerQueue('q', { workerConcurrency: CONTRACT.concurrency, minPollingIntervalMs: 100 });
  const pool = new Pool({ connectionString: systemDatabaseUrl, max: 2 });
  return {
    async run(recipients, run) {
      const submit = nowMs();
      const all = countdown.from(recipients.length);
      await eachAtOnce(recipients, STARTERS, async (recipient) => {
        await DBOS.startWorkflow(deliver, { queueName: 'q', workflowID: recipient.id })(recipient);
      });
      const submitted = nowMs();
      await all;
      await untilCounted(pool, ENDED, run, recipients.length);
      return { submit, submitted, released: submit, end: nowMs() };
    },
    async states(run) {
      const ended = await DBOS.listWorkflows({
        workflow_id_prefix: `${run}-`,
        status: 'SUCCESS',
        loadInput: false,
      });
      return Object.fromEntries(ended.map(({ workflowID, output }) => [workflowID, output as FinalState]));
    },
    async close() {
      await DBOS.shutdown();
      await pool.end();
    },
  };
});
