import { people, startStage, WORKSPACE, type Stage } from './stage';

const PLACES = 20;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ maxDeliveries: PLACES });
});
afterAll(() => stage?.close());

test('calls that hang in every place for messages of jobs hold up neither planning nor a send to one recipient', async () => {
  const held: (() => void)[] = [];
  stage.sink.answer(({ recipientId }) =>
    recipientId === 'single' ? {} : new Promise((resolve) => held.push(() => resolve({}))),
  );
  const first = await stage.fill(people(60));
  await stage.command(first, 'run');
  await stage.until('every place is taken', () => held.length === PLACES);

  const { service } = stage.engine;
  const { requestId } = await stage.db.transaction((tx) =>
    service.acceptSend(tx, {
      ...{ workspaceId: WORKSPACE, guarantee: 'at_least_once', definition: {} },
      spec: { content: { text: 'Hello', interpolate: false }, data: {}, route: ['webhook'] },
      recipients: [
        { spec: { recipient: { id: 'single', idGenerated: false, addresses: {} }, data: {} }, echo: {} },
      ],
    }),
  );
  await stage.engine.signalled();
  await stage.until('it is sent', async () => (await stage.job(requestId)).phase === 'settled');
  const second = await stage.fill(['u']);
  await stage.command(second, 'run');
  await stage.until('another job is planned', async () => {
    const shards = await stage.db.query('select n from shards where job_id = $1', [second]);
    return shards.length === 1;
  });
  expect(held).toHaveLength(PLACES);

  stage.sink.answer({});
  for (const release of held) release();
  for (const jobId of [first, second]) await stage.finish('bulk', jobId);
  expect(stage.sink.totals()).toMatchObject({ keys: 62, accepted: 62, duplicated: 0 });
});
