import { DEFAULT_RETRY_POLICY } from '../../src/domain/retry';
import { FAN_OUTS } from '../../src/domain/states';
import { sealCredentials, updateChannel } from '../../src/ledger/channels';
import { createSecretBox, type SecretBox } from '../../src/runtime/secret-box';
import { QUERIES, workflowIds } from '../../workflows/contract';
import { DAY, HOUR, people, SECOND, startStage, WORKSPACE, type Stage } from './stage';

let stage: Stage;
beforeEach(async () => {
  stage = await startStage();
});
afterEach(() => stage?.close());

/** Saves the credentials of a webhook channel again, with the first key of a box. */
async function seal(channelId: string, box: SecretBox): Promise<void> {
  const ref = { workspaceId: WORKSPACE, channelId };
  const secret = `whsec_${Buffer.alloc(32, 'sealed').toString('base64')}`;
  await updateChannel(stage.db, ref, { sealedCredentials: sealCredentials(box, ref, { secret }) });
}

test('after a proved refusal the next channel gets it, with a key of its own, and never a sandbox', async () => {
  await stage.addWebhook('second', { priority: 2 });
  stage.sink.answer((request) => ({ status: request.path === '/in' ? 400 : 200 }));
  const jobId = await stage.fill(['u'], { spec: { route: ['webhook', 'inbox'] } });
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  expect(await stage.states(jobId)).toEqual(['sent']);
  expect(stage.sink.requests.map((request) => request.path)).toEqual(['/in', '/second']);
  expect(stage.sink.calls.size).toBe(2);
  const [message] = await stage.messages(jobId);
  expect(message?.deliveries).toHaveLength(2);
});

test('when every channel has refused the message fails, and no sandbox swallows it', async () => {
  stage.sink.answer({ status: 400 });
  const jobId = await stage.fill(['u'], { spec: { route: ['webhook', 'inbox'] } });
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  expect(await stage.messages(jobId)).toMatchObject([{ state: 'failed', reason: 'provider_refused' }]);
  expect(await stage.db.query('select 1 from sandbox_deliveries')).toEqual([]);
});

test('an answer that never came is not failed over: the same channel gets the same key again', async () => {
  await stage.addWebhook('second', { priority: 2 });
  stage.sink.answerOnce({ then: 'reset' });
  const jobId = await stage.fill(['u']);
  await stage.command(jobId, 'run');
  await stage.finish('bulk', jobId);
  expect(await stage.states(jobId)).toEqual(['sent']);
  expect(stage.sink.requests.map((request) => request.path)).toEqual(['/in', '/in']);
  expect(stage.sink.calls.size).toBe(1);
});

test.each(FAN_OUTS)(
  'a channel whose key is gone holds up its own messages alone, until it can be read again (%s lane)',
  async (fanOut) => {
    const channelId = await stage.addWebhook('sealed', { priority: 2 });
    await seal(channelId, createSecretBox([{ id: 'gone', key: Buffer.alloc(32, 9) }]));
    const jobId = await stage.fill(['u0', { id: 'held', channelId }, 'u2'], { fanOut });
    await stage.command(jobId, 'run');
    await stage.until('all but one are sent', async () => {
      const { sent, waiting } = (await stage.job(jobId)).counts;
      return sent === 2 && waiting === 1;
    });
    expect((await stage.messages(jobId))[1]).toMatchObject({ state: 'waiting', waitReason: 'breaker' });
    await seal(channelId, stage.engine.secretBox);
    await stage.finish('bulk', jobId);
    expect(await stage.states(jobId)).toEqual(['sent', 'sent', 'sent']);
    expect(stage.sink.requests.at(-1)).toMatchObject({ path: '/sealed', recipientId: 'held' });
  },
);

test('a scheduled message that is looked at before its time keeps that, whatever its channel lacks', async () => {
  const channelId = await stage.addWebhook('sealed', { priority: 2 });
  await seal(channelId, createSecretBox([{ id: 'gone', key: Buffer.alloc(32, 9) }]));
  // Not seven days: its batch is renewed then, and of two that wake at one moment the server may keep its clock locked.
  const notBeforeMs = (await stage.nowMs()) + 3 * DAY;
  const { batchId, messageIds } = await stage.batch([{ id: 'later', notBeforeMs }], { channelId });
  const [messageId = ''] = messageIds;
  await stage.opened(workflowIds.message('batch', messageId));
  const child = stage.client.workflow.getHandle(workflowIds.message('batch', messageId));
  await stage.command(batchId, 'pause');
  await stage.command(batchId, 'resume');
  await stage.until('it has looked', async () => {
    const { step } = await child.query<{ step: string }>(QUERIES.status);
    return step !== 'starting' && step !== 'waiting until due' && step !== 'delivering';
  });
  expect(await stage.message(messageId)).toMatchObject({ state: 'waiting', waitReason: 'scheduled_for' });
  await seal(channelId, stage.engine.secretBox);
  await stage.finish('batch', batchId);
  const [sentAtMs = 0] = await stage.attemptsAt(messageId);
  expect(sentAtMs).toBeGreaterThanOrEqual(notBeforeMs);
});

test('a channel whose key never comes back ends its messages once retries would have ended', async () => {
  const channelId = await stage.addWebhook('sealed', { priority: 2 });
  await seal(channelId, createSecretBox([{ id: 'gone', key: Buffer.alloc(32, 9) }]));
  const jobId = await stage.fill([{ id: 'held', channelId }]);
  await stage.command(jobId, 'run');
  const ranMs = await stage.nowMs();
  await stage.finish('bulk', jobId);
  expect(await stage.messages(jobId)).toMatchObject([{ state: 'rejected', reason: 'channel_misconfigured' }]);
  expect((await stage.nowMs()) - ranMs).toBeGreaterThan(DEFAULT_RETRY_POLICY.deadlineMs - 2 * HOUR);
});

test.each([
  ['shorter', 0.1, 10],
  ['longer', 0.02, 50],
])(
  'a channel never gets more than its rate, with waits %s than what is parked',
  async (_, ratePerSecond, gapS) => {
    await stage.db.query('update channels set rate_per_second = $2 where id = $1', [
      stage.webhookId,
      ratePerSecond,
    ]);
    const jobId = await stage.fill(people(3));
    await stage.command(jobId, 'run');
    await stage.until('the others wait for the rate', async () => {
      const messages = await stage.messages(jobId);
      return messages.filter((message) => message.waitReason === 'rate_limit').length === 2;
    });
    await stage.finish('bulk', jobId);
    const rows = await stage.db.query<{ at: Date }>(
      'select started_at as at from attempts order by started_at',
    );
    const attemptsAt = rows.map((row) => row.at.getTime());
    expect(attemptsAt).toHaveLength(3);
    attemptsAt.slice(1).forEach((at, index) => {
      expect(at - (attemptsAt[index] ?? 0)).toBeGreaterThanOrEqual(gapS * SECOND - 100);
    });
  },
);
