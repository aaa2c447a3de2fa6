import {
  NativeConnection,
  Runtime,
  Worker,
  makeTelemetryFilterString,
  type WorkerOptions,
} from '@temporalio/worker';

/** A worker with the SDK's defaults, as a sample has it. */
export async function startWorker(
  options: { address: string } & Pick<WorkerOptions, 'taskQueue' | 'workflowsPath'> & { activities: object },
): Promise<{ stop(): Promise<void> }> {
  const { address, ...rest } = options;
  Runtime.install({
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
  });
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({ connection, ...rest });
  const ended = worker.run();
  return {
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
      await connection.close();
    },
  };
}
