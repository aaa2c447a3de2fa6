/** A worker process of its own for the bare program, as ours has one: `worker.ts <address>`. */
import { NativeConnection, Worker } from '@temporalio/worker';

async function main(): Promise<void> {
  const connection = await NativeConnection.connect({ address: process.argv[2] ?? '' });
  const worker = await Worker.create({
    connection,
    taskQueue: 'bare',
    workflowsPath: require.resolve('./workflows'),
    activities: { nothing: async () => undefined },
  });
  process.once('SIGTERM', () => worker.shutdown());
  process.send?.('ready');
  await worker.run();
  await connection.close();
  process.exit(0);
}

void main();
