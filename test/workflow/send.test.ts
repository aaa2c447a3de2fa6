import { SIGNALS, workflowIds, type MessageResult } from '../../workflows/contract';
import { DAY, HOUR, SECOND, startStage, WORKSPACE, type Stage, type Who } from './stage';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage?.close());
beforeEach(() => stage.sink.reset());

async function send(...people: Who[]): Promise<string> {
  const { requestId } = await stage.db.transaction((tx) =>
    stage.engine.service.acceptSend(tx, {
      workspaceId: WORKSPACE,
      guarantee: 'at_least_once',
      spec: { content: { text: 'Hello', interpolate: false }, data: {}, route: ['webhook'] },
      definition: {},
      recipients: people.map((who) => {
        const { id, ...more } = typeof who === 'string' ? { id: who } : who;
        return {
          spec: { recipient: { id, idGenerated: false, addresses: {} }, data: {}, ...more },
          echo: {},
        };
      }),
    }),
  );
  await stage.engine.signalled();
  return requestId;
}
const cancel = async (messageId: string) => {
  const result = await stage.db.transaction((tx) =>
    stage.engine.service.cancelMessage(tx, { workspaceId: WORKSPACE, messageId }),
  );
  await stage.engine.signalled();
  return result;
};
const alone = (requestId: string) =>
  stage.client.workflow.getHandle(workflowIds.job('send', requestId, true));
const settled = (jobId: string) =>
  stage.until('the job is settled', async () => (await stage.job(jobId)).phase === 'settled');

test('a send to one is one workflow, by the message’s id, which writes what it saw and settles the job', async () => {
  const requestId = await send('one');
  const result = (await stage.result(alone(requestId))) as MessageResult;
  expect(result).toMatchObject({ type: 'settled', state: 'sent' });
  expect(await stage.job(requestId)).toMatchObject({
    kind: 'send',
    phase: 'settled',
    received: 1,
    enqueued: 1,
  });
  const { version, observedVersion } = await stage.job(requestId);
  expect(observedVersion).toBe(version);
  expect(stage.sink.requests).toHaveLength(1);
});

test('what it said is kept, word for word', async () => {
  const requestId = await send('one');
  await stage.result(alone(requestId));
  const outputs = await stage.engine.service.readOutputs(stage.db, {
    workspaceId: WORKSPACE,
    messageId: requestId,
  });
  expect(outputs).toEqual([
    { kind: 'webhook', channelId: stage.webhookId, content: expect.objectContaining({ text: 'Hello' }) },
  ]);
});

test('it waits for its delay on its own timer', async () => {
  const startedMs = await stage.nowMs();
  const requestId = await send({ id: 'later', notBeforeMs: startedMs + 2 * HOUR });
  await stage.until('it waits', async () => (await stage.message(requestId)).waitReason === 'delay');
  await stage.result(alone(requestId));
  expect((await stage.attemptsAt(requestId))[0]).toBeGreaterThanOrEqual(startedMs + 2 * HOUR);
});

test('a retryable failure is tried again by the same workflow', async () => {
  stage.sink.answer({ status: 503, headers: { 'retry-after': '1200' } });
  const requestId = await send('again');
  await stage.until(
    'it waits to try again',
    async () => (await stage.message(requestId)).state === 'waiting',
  );
  stage.sink.answer({ status: 200 });
  expect(await stage.result(alone(requestId))).toMatchObject({ state: 'sent' });
  expect(await stage.attemptsAt(requestId)).toHaveLength(2);
});

test('a fault ends it rejected without a call', async () => {
  const requestId = await send({ id: 'bad', faults: [{ reason: 'invalid_input', description: 'no' }] });
  expect(await stage.result(alone(requestId))).toMatchObject({ state: 'rejected' });
  expect(stage.sink.requests).toHaveLength(0);
});

test('a cancel while it waits ends it at once, by the API and by a signal', async () => {
  const startedMs = await stage.nowMs();
  const waiting = { notBeforeMs: startedMs + 30 * DAY };
  const byApi = await send({ id: 'a', ...waiting });
  const bySignal = await send({ id: 'b', ...waiting });
  for (const id of [byApi, bySignal]) {
    await stage.until('it waits', async () => (await stage.message(id)).state === 'waiting');
  }
  expect((await cancel(byApi)).canceled).toBe(true);
  await alone(bySignal).signal(SIGNALS.cancel);
  for (const id of [byApi, bySignal]) {
    await settled(id);
    expect((await stage.message(id)).state).toBe('canceled');
  }
  expect((await stage.nowMs()) - startedMs).toBeLessThan(HOUR);
});

test('the sweep’s call starts a terminated one again, and it goes on', async () => {
  // Late enough to be terminated while it waits, also where all takes long.
  const requestId = await send({ id: 'lost', notBeforeMs: (await stage.nowMs()) + 8 * SECOND });
  await stage.until('it waits', async () => (await stage.message(requestId)).state === 'waiting');
  await alone(requestId).terminate('lost');
  await stage.command(requestId, 'resume');
  await stage.command(requestId, 'pause');
  await stage.command(requestId, 'resume');
  // In real time: the server never forgets the activity of a terminated workflow, and would not skip any.
  await settled(requestId);
  expect(await stage.message(requestId)).toMatchObject({ state: 'sent', jobPhase: 'settled' });
  expect(stage.sink.requests).toHaveLength(1);
});

test('a send to several is a batch, and one of its messages is cancelled by itself', async () => {
  const startedMs = await stage.nowMs();
  const requestId = await send('now', { id: 'later', notBeforeMs: startedMs + 30 * DAY });
  const [now, later] = await stage.messages(requestId);
  await stage.until(
    'the other waits',
    async () => (await stage.message(later?.messageId ?? '')).state === 'waiting',
  );
  expect((await cancel(later?.messageId ?? '')).canceled).toBe(true);
  // On the wall's clock: who awaits the result lets time pass, and with a signal still on its way it leaps years.
  await stage.until('the send is settled', async () => (await stage.job(requestId)).phase === 'settled');
  expect(await stage.states(requestId)).toEqual(['sent', 'canceled']);
  expect((await stage.nowMs()) - startedMs).toBeLessThan(HOUR);
  expect((await cancel(now?.messageId ?? '')).canceled).toBe(false);
});
