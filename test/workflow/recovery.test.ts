import { v7 as uuidv7 } from 'uuid';
import { FAN_OUTS } from '../../src/domain/states';
import { claimMessage } from '../../src/ledger/attempts';
import { sealCredentials, updateChannel } from '../../src/ledger/channels';
import { type Database } from '../../src/ledger/database';
import { createSecretBox } from '../../src/runtime/secret-box';
import { QUERIES, workflowIds } from '../../workflows/contract';
import { people, startStage, WORKSPACE, type Stage } from './stage';

/**
 * How many of the next outcomes of first attempts are lost: the call was made, and whoever made it dies before it is written down. Of
 * first attempts, since a message that loses three goes on in another queue, after which this server may not let time pass.
 */
let losses = 0;
/** What is lost is the connection for a moment, and not the worker. */
let away = false;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ breakDb: loseOutcomes });
});
afterAll(() => stage?.close());
beforeEach(() => {
  losses = 0;
  away = false;
  stage.sink.reset();
});

function loseOutcomes(db: Database): Database {
  return {
    ...db,
    async query(text, values) {
      if (text.includes('settle_attempt') && losses > 0) {
        const [attempt] = await db.query<AttemptRow>('select * from attempts where id = $1', [values?.[1]]);
        if (attempt?.number === 1 && losses > 0) {
          losses -= 1;
          throw away ? new Error('the ledger is away') : died();
        }
      }
      return db.query(text, values);
    },
  };
}

/** An error that asking again does not mend, so that the outcome in hand is given up as a dead worker's is. */
const died = (): Error => Object.assign(new Error('the worker died'), { code: 'P0001' });

interface AttemptRow {
  readonly number: number;
  readonly outcome: string | null;
  readonly possible_duplicate: boolean;
  readonly [column: string]: unknown;
}

const attemptsOf = (messageId: string) =>
  stage.db.query<AttemptRow>(
    'select number, outcome, possible_duplicate from attempts where message_id = $1 order by number',
    [messageId],
  );

async function sendOnce(options: {
  guarantee: 'at_least_once' | 'at_most_once';
  dedupeWindowSeconds: number;
}): Promise<{ messageId: string; state: string; reason: string | null }> {
  const channelId = await stage.addWebhook('doubt', {
    dedupeWindowSeconds: options.dedupeWindowSeconds,
    priority: 200,
  });
  losses = 1;
  const { batchId, messageIds } = await stage.batch(['u'], { guarantee: options.guarantee, channelId });
  await stage.finish('batch', batchId);
  const { messageId, state, reason } = await stage.message(messageIds[0] ?? '');
  return { messageId, state, reason };
}

test('at_least_once: an attempt whose answer was lost is made again with the same key, and marked', async () => {
  const end = await sendOnce({ guarantee: 'at_least_once', dedupeWindowSeconds: 0 });
  expect(end).toMatchObject({ state: 'sent', reason: null });
  expect([...stage.sink.calls.values()]).toEqual([2]);
  expect(await attemptsOf(end.messageId)).toEqual([
    { number: 1, outcome: 'lost', possible_duplicate: false },
    { number: 2, outcome: 'accepted', possible_duplicate: true },
  ]);
});

test('at_most_once: an attempt whose answer was lost is not made again, and ends uncertain', async () => {
  const end = await sendOnce({ guarantee: 'at_most_once', dedupeWindowSeconds: 0 });
  expect(end).toMatchObject({ state: 'uncertain', reason: 'in_doubt' });
  expect([...stage.sink.calls.values()]).toEqual([1]);
  expect(await attemptsOf(end.messageId)).toEqual([
    { number: 1, outcome: 'lost', possible_duplicate: false },
  ]);
});

test.each(['at_least_once', 'at_most_once'] as const)(
  '%s: where the receiver remembers keys the same one is sent again, and nothing is in doubt',
  async (guarantee) => {
    const end = await sendOnce({ guarantee, dedupeWindowSeconds: 3_600 });
    expect(end).toMatchObject({ state: 'sent' });
    expect([...stage.sink.calls.values()]).toEqual([2]);
    expect(await attemptsOf(end.messageId)).toMatchObject([
      { outcome: 'lost' },
      { outcome: 'accepted', possible_duplicate: false },
    ]);
  },
);

test('an outcome in hand is written down as soon as the ledger is back, and the call is not made again', async () => {
  away = true;
  const end = await sendOnce({ guarantee: 'at_most_once', dedupeWindowSeconds: 0 });
  expect(end).toMatchObject({ state: 'sent', reason: null });
  expect(losses).toBe(0);
  expect([...stage.sink.calls.values()]).toEqual([1]);
  expect(await attemptsOf(end.messageId)).toEqual([
    { number: 1, outcome: 'accepted', possible_duplicate: false },
  ]);
});

test.each(FAN_OUTS)(
  'a call that was begun by a channel whose key is gone since is in doubt, and not for ever under way (%s lane)',
  async (fanOut) => {
    const channelId = await stage.addWebhook('sealed', { priority: 200 });
    const ref = { workspaceId: WORKSPACE, channelId };
    const strange = createSecretBox([{ id: 'gone', key: Buffer.alloc(32, 9) }]);
    await updateChannel(stage.db, ref, { sealedCredentials: sealCredentials(strange, ref, {}) });
    const jobId = await stage.fill([{ id: 'u', channelId }], { fanOut, guarantee: 'at_most_once' });
    stage.engine.notify = false;
    await stage.command(jobId, 'run');
    stage.engine.notify = true;
    const [message] = await stage.messages(jobId);
    const { messageId } = message!;
    await claimMessage(stage.db, {
      ...{
        jobId,
        messageId,
        deliveryId: uuidv7(),
        attemptId: uuidv7(),
        owner: 'a worker that died',
        route: 0,
      },
      ...{ channelId, kind: 'webhook', provider: 'webhook', timeoutMs: 0, marginMs: 0, dedupeWindowMs: 0 },
    });
    expect(await stage.states(jobId)).toEqual(['sending']);
    await stage.client.workflow.getHandle(workflowIds.job('bulk', jobId)).signal('changed');
    await stage.finish('bulk', jobId);
    expect(await stage.messages(jobId)).toMatchObject([{ state: 'uncertain', reason: 'in_doubt' }]);
    expect(stage.sink.requests).toHaveLength(0);
  },
);

test('a job in which every second outcome is lost still accounts for each recipient once', async () => {
  losses = 20;
  const jobId = await stage.fill(people(40));
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  expect((await stage.job(jobId)).counts.sent).toBe(40);
  expect(stage.sink.calls.size).toBe(40);
  expect(stage.sink.requests).toHaveLength(60);
});

test('a child that is terminated before its attempt is started again by the next plan', async () => {
  await stage.db.query('update channels set rate_per_second = 0.05 where id = $1', [stage.webhookId]);
  const jobId = await stage.fill(people(2));
  await stage.command(jobId, 'run');
  const waiting = async () =>
    (await stage.messages(jobId)).find((message) => message.waitReason === 'rate_limit');
  await stage.until('one waits for the rate', async () => (await waiting()) !== undefined);
  const id = (await waiting())?.messageId ?? '';
  const child = stage.client.workflow.getHandle(workflowIds.message('bulk', id));
  // Terminated within a workflow task, whose attempt has just been written, the server would never let time pass again.
  await stage.until('its timer runs', async () => {
    const { step } = await child.query<{ step: string }>(QUERIES.status);
    return step === 'waiting';
  });
  await child.terminate();
  await stage.finish('bulk', jobId);
  expect(await stage.states(jobId)).toEqual(['sent', 'sent']);
  expect(stage.sink.requests).toHaveLength(2);
  await stage.db.query('update channels set rate_per_second = null where id = $1', [stage.webhookId]);
});

test('a child that is terminated during its attempt: the call ends as it ends, and is not made again', async () => {
  let release: () => void = () => undefined;
  stage.sink.answer(() => new Promise((resolve) => (release = () => resolve({}))));
  const jobId = await stage.fill(['u']);
  await stage.command(jobId, 'run');
  await stage.until('the call is under way', () => stage.sink.requests.length === 1);
  const [message] = await stage.messages(jobId);
  await stage.client.workflow.getHandle(workflowIds.message('bulk', message?.messageId ?? '')).terminate();
  release();
  await stage.until('it is sent', async () => (await stage.states(jobId))[0] === 'sent');
  // The server never forgets the activity of the terminated workflow, and would not let time pass.
  await stage.unlockTime();
  expect(await stage.finish('bulk', jobId)).toMatchObject({ status: 'COMPLETED' });
  expect(stage.sink.requests).toHaveLength(1);
});

test('a job whose workflow is terminated in the middle is finished by the next signal, each sent once', async () => {
  const held: (() => void)[] = [];
  stage.sink.answer(() => new Promise((resolve) => held.push(() => resolve({}))));
  const jobId = await stage.fill(people(60));
  await stage.command(jobId, 'run');
  await stage.until('the window is full', () => held.length === 50);
  await stage.client.workflow.getHandle(workflowIds.job('bulk', jobId)).terminate();
  stage.sink.answer({});
  for (const release of held) release();
  await stage.command(jobId, 'pause');
  await stage.command(jobId, 'resume');
  expect(await stage.finish('bulk', jobId)).toMatchObject({ status: 'COMPLETED', enqueued: 60 });
  expect(stage.sink.totals()).toMatchObject({ keys: 60, accepted: 60, duplicated: 0 });
});
