/**
 * Recipients a second of a bulk job through the HTTP API, beside bare child workflows with one no-op activity on the same
 * server in the same run, in turn: A B A B. The ratio is the figure; the seconds are this machine's.
 *
 *   npm run bench -- [recipients] [rounds]
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { startTestStack } from '../support/stack';
import { runBulkJob } from './measure/bulk-job';

const recipients = Number(process.argv[2] ?? 600);
const rounds = Number(process.argv[3] ?? 3);
/** What one job of ours has in flight in the embedded default: 2 shards x 25. */
const WINDOW = 50;

async function bare(client: Client, round: number): Promise<number> {
  const start = performance.now();
  await client.workflow.execute('bareParent', {
    workflowId: `bare-${process.pid}-${round}`,
    taskQueue: 'bare',
    args: [recipients, WINDOW],
  });
  return (recipients / (performance.now() - start)) * 1_000;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function main(): Promise<void> {
  const t = await startTestStack({ VOLLEY_LOG_LEVEL: 'warn' });
  const worker = fork(join(__dirname, 'bare/worker.ts'), [t.stack.urls.temporal], {
    execArgv: ['--import', 'tsx'],
  });
  await new Promise((resolve) => worker.once('message', resolve));
  const client = new Client({ connection: await Connection.connect({ address: t.stack.urls.temporal }) });
  try {
    const a: number[] = [];
    const b: number[] = [];
    const first: number[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const mine = await runBulkJob(t, recipients);
      const theirs = await bare(client, round);
      console.log(
        `round ${round}: ours ${mine.perSecond.toFixed(1)}/s (first send ${mine.firstSendMs.toFixed(0)} ms), bare ${theirs.toFixed(1)}/s`,
      );
      if (round === 0) continue; // warm-up
      a.push(mine.perSecond);
      b.push(theirs);
      first.push(mine.firstSendMs);
    }
    const ratio = median(a.map((value, i) => value / (b[i] ?? 1)));
    console.log(
      `${recipients} recipients, median of ${rounds}: ours ${median(a).toFixed(1)}/s, bare ${median(b).toFixed(1)}/s, ratio ${ratio.toFixed(2)}, first send ${median(first).toFixed(0)} ms`,
    );
  } finally {
    worker.kill('SIGTERM');
    await client.connection.close();
    await t.close();
  }
}

void main().then(() => process.exit(0));
