import { Client, WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { fromCourierId } from '../../src/domain/ids';
import { dataConverter } from '../../src/temporal/connect';
import { type Progress } from '../../workflows/contract';
import { TEST_KEYS } from '../support/engine';
import { workflowBundle } from '../support/workflow-bundle';
import { type announce, type OwnActivities } from './fixtures/announce';
import { startStage, WORKSPACE, type Stage } from './stage';

const OTHER_QUEUE = 'somebody-else';

let stage: Stage;
/** Does not let time pass while it waits: a signal on its way to another workflow does not hold the server's clock. */
let client: Client;
let worker: Worker;
let ended: Promise<void>;
beforeAll(async () => {
  stage = await startStage();
  client = new Client({ connection: stage.env.connection, dataConverter: dataConverter(TEST_KEYS) });
  const activities: OwnActivities = {
    awaitJob: ({ workflowId }) => client.workflow.getHandle(workflowId).result() as Promise<Progress>,
  };
  worker = await Worker.create({
    connection: stage.env.nativeConnection,
    taskQueue: OTHER_QUEUE,
    dataConverter: dataConverter(TEST_KEYS),
    workflowBundle: await workflowBundle(require.resolve('./fixtures/index')),
    activities,
  });
  ended = worker.run();
});
afterAll(async () => {
  worker?.shutdown();
  await ended;
  await stage?.close();
});

const message = {
  content: { title: 'Hi', body: 'Hello {{name}}' },
  routing: { method: 'single', channels: ['webhook'] },
};
const user = (id: string) => ({ to: { user_id: id, data: { name: id } } });

test('another workflow creates a job, fills it, runs it and awaits its result', async () => {
  const { jobId, progress } = await client.workflow.execute<typeof announce>('announce', {
    taskQueue: OTHER_QUEUE,
    workflowId: 'announce/1',
    args: [
      {
        workspaceId: WORKSPACE,
        message: { message },
        users: [
          [user('a'), user('b')],
          [user('b'), user('c')],
        ],
      },
    ],
  });
  expect(progress).toEqual({ status: 'COMPLETED', received: 3, enqueued: 3, failures: 0 });
  expect(await stage.states(fromCourierId(jobId) ?? '')).toEqual(['sent', 'sent', 'sent']);
  expect(stage.sink.requests.map((request) => request.recipientId).sort()).toEqual(['a', 'b', 'c']);
});

test.each(['nobody', '0197d9a8-0000-7000-8000-000000000000'])(
  'a workspace that is not there (%s) fails the call for good, and says so',
  async (workspaceId) => {
    const failed = await client.workflow
      .execute<typeof announce>('announce', {
        taskQueue: OTHER_QUEUE,
        workflowId: `announce/${workspaceId}`,
        args: [{ workspaceId, message: { message }, users: [] }],
      })
      .catch((error: unknown) => error);
    expect(((failed as WorkflowFailedError).cause as ActivityFailure).cause).toMatchObject({
      ...{ nonRetryable: true, message: 'No workspace has this id.' },
    });
  },
);

test('a message that is wrong fails the call for good, and says why', async () => {
  const failed = await client.workflow
    .execute<typeof announce>('announce', {
      taskQueue: OTHER_QUEUE,
      workflowId: 'announce/2',
      args: [{ workspaceId: WORKSPACE, message: 42, users: [] }],
    })
    .catch((error: unknown) => error);
  const cause = (failed as WorkflowFailedError).cause;
  expect(failed).toBeInstanceOf(WorkflowFailedError);
  expect(cause).toBeInstanceOf(ActivityFailure);
  expect((cause as ActivityFailure).cause).toBeInstanceOf(ApplicationFailure);
  expect((cause as ActivityFailure).cause).toMatchObject({ nonRetryable: true, type: 'invalid_request' });
});
