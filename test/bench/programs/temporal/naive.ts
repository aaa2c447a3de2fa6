/** Serves the naive program: one workflow for the whole audience. Its result is what it keeps. */
import { Client, Connection, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { nowMs } from '../../contract';
import { required, serveProgram } from '../../program';
import { createSendActivities } from './activities';
import { type sendCampaign } from './naive-workflows';
import { startWorker } from './worker';

serveProgram(async (place) => {
  const address = required(place.temporalAddress, 'Temporal');
  const taskQueue = `naive-${process.pid}`;
  const worker = await startWorker({
    address,
    taskQueue,
    workflowsPath: require.resolve('./naive-workflows'),
    activities: createSendActivities(place.sinkUrl, () => undefined),
  });
  const client = new Client({ connection: await Connection.connect({ address }) });
  const handles = new Map<string, WorkflowHandle<typeof sendCampaign>>();
  return {
    async run(recipients, run) {
      const submit = nowMs();
      const handle = await client.workflow.start<typeof sendCampaign>('sendCampaign', {
        ...{ taskQueue, workflowId: `${taskQueue}-${run}`, args: [recipients] },
      });
      handles.set(run, handle);
      const submitted = nowMs();
      const stuck = new AbortController();
      try {
        await Promise.race([handle.result(), whenTasksFail(handle, stuck.signal)]);
      } catch (error) {
        await handle.terminate('the bench gives it up').catch(() => undefined);
        throw error instanceof WorkflowFailedError ? (error.cause ?? error) : error;
      } finally {
        stuck.abort();
      }
      return { submit, submitted, released: submit, end: nowMs() };
    },
    states: async (run) => required(handles.get(run), 'run').result(),
    async close() {
      await worker.stop();
      await client.connection.close();
    },
  };

  /** A workflow whose task fails over and over (too many children) never ends: it is given up at the third time. */
  async function whenTasksFail(handle: WorkflowHandle, signal: AbortSignal): Promise<never> {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      if (signal.aborted) return new Promise(() => undefined);
      const { raw } = await handle.describe();
      const attempts = raw.pendingWorkflowTask?.attempt ?? 0;
      if (attempts >= 3) throw new Error(`its workflow task fails over and over (attempt ${attempts})`);
    }
  }
});
