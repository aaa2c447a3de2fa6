/** Bare child workflows, worker and client in one process. The variant is `activity` or `noop`. */
import { Client, Connection } from '@temporalio/client';
import { CONTRACT, nowMs, type FinalState } from '../../contract';
import { required, serveProgram } from '../../program';
import { createSendActivities } from './activities';
import { startWorker } from './worker';

/** 1,000 recipients of 600 bytes: well below the 2 MB that one payload may have. */
const PAGE = 1_000;

serveProgram(async (place) => {
  const address = required(place.temporalAddress, 'Temporal');
  const parent = place.variant === 'noop' ? 'noopParent' : 'bareParent';
  const taskQueue = `bare-${place.variant}-${process.pid}`;
  const kept = new Map<string, Record<string, FinalState>>();
  const worker = await startWorker({
    address,
    taskQueue,
    workflowsPath: require.resolve('./bare-workflows'),
    activities: createSendActivities(place.sinkUrl, (run, states) => {
      kept.set(run, { ...kept.get(run), ...states });
    }),
  });
  const client = new Client({ connection: await Connection.connect({ address }) });
  return {
    async run(recipients, run) {
      const submit = nowMs();
      const pages = Math.ceil(recipients.length / PAGE);
      const window = Math.ceil(CONTRACT.concurrency / pages);
      const handles = await Promise.all(
        Array.from({ length: pages }, (_, i) => {
          const page = recipients.slice(i * PAGE, (i + 1) * PAGE);
          const args = [{ run, page, window }];
          return client.workflow.start(parent, { taskQueue, workflowId: `${taskQueue}-${run}-${i}`, args });
        }),
      );
      const submitted = nowMs();
      await Promise.all(handles.map((handle) => handle.result()));
      return { submit, submitted, released: submit, end: nowMs() };
    },
    states: async (run) => kept.get(run) ?? {},
    async close() {
      await worker.stop();
      await client.connection.close();
    },
  };
});
