import { type Database } from '../../src/ledger/database';
import { DELIVER_TASK_QUEUE, workflowIds } from '../../workflows/contract';
import { startStage, type Stage } from './stage';

/** How many of the next outcomes cannot be written down. */
let losses = 0;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ breakDb: loseOutcomes });
});
afterAll(() => stage?.close());

function loseOutcomes(db: Database): Database {
  return {
    ...db,
    async query(text, values, options) {
      if (text.includes('settle_attempt') && losses > 0) {
        losses -= 1;
        // One that asking again does not mend: the outcome in hand is given up, as a dead worker's is.
        throw Object.assign(new Error('the worker died'), { code: 'P0001' });
      }
      return db.query(text, values, options);
    },
  };
}

// In a file of its own: after it, the server now and then does not let time pass.
test('an attempt that fails again and again in place goes on in the queue, and takes over what it left open', async () => {
  losses = 3;
  const jobId = await stage.fill(['u']);
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  const [message] = await stage.messages(jobId);
  expect(message).toMatchObject({ state: 'sent' });
  const attempts = await stage.db.query<{ outcome: string }>(
    'select outcome from attempts where message_id = $1 order by number',
    [message?.messageId],
  );
  expect(attempts.map(({ outcome }) => outcome)).toEqual(['lost', 'lost', 'lost', 'accepted']);
  const child = stage.client.workflow.getHandle(workflowIds.message('bulk', message?.messageId ?? ''));
  const { events } = await child.fetchHistory();
  const queues = (events ?? []).flatMap(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.taskQueue?.name ?? [],
  );
  expect(queues).toEqual([DELIVER_TASK_QUEUE]);
});
