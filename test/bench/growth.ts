/**
 * What grows with a job, on the whole product: a job of each size, each on a stack of its own, so that a peak belongs to its size.
 * A line for each size, then each figure of the largest job over that of the smallest. Exits 1 when an audit found a fault, not
 * when a line is not flat: that is a finding. Linux only (CPU and memory are read from /proc).
 *
 *   npm run bench:growth -- [--sizes 1000,10000,100000] [--lane page|workflow] [--provider sandbox|sink] [--json FILE]
 */
import { Client, Connection } from '@temporalio/client';
import { parseArgs } from 'node:util';
import { SEEDED_WORKSPACE_ID } from '../support/stack';
import { flatnessOf } from './growth/flatness';
import { measureSize, type Destination, type SizeFigures } from './growth/measure-size';
import { PROCESSES } from './measure/by-process';
import { machine, printTable, writeJson } from './measure/report';
import { addSinkChannel, laneOf, type Lane } from './ours/client';
import { startStand, warmUp } from './ours/stand';

const MIB = 2 ** 20;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string', default: '1000,10000,100000' },
      lane: { type: 'string', default: 'page' },
      provider: { type: 'string', default: 'sandbox' },
      json: { type: 'string' },
    },
  });
  const [lane, to] = [laneOf(values.lane), destinationOf(values.provider)];
  const before = machine();
  const results: SizeFigures[] = [];
  for (const recipients of values.sizes.split(',').map(sizeOf)) {
    const figures = await measureAlone(recipients, lane, to);
    results.push(figures);
    printSize(figures);
  }
  const flatness = flatnessOf(results);
  const [smallest, largest] = [results[0]?.recipients, results.at(-1)?.recipients];
  printTable(
    `From ${smallest} to ${largest} recipients, ${lane} lane to the ${to}`,
    flatness.map(({ line, first, last, ratio, flat }) => ({
      ...{ line, first: first.toPrecision(3), last: last.toPrecision(3) },
      ...{ ratio: ratio.toFixed(2), flat: flat ? 'yes' : 'NO' },
    })),
  );
  const bent = flatness.filter(({ flat }) => !flat).map(({ line }) => line);
  console.log(bent.length === 0 ? '\nall lines are flat' : `\nnot flat: ${bent.join('; ')}`);
  writeJson(values.json, { lane, provider: to, before, after: machine(), results, flatness });
  return results.every(({ faults }) => faults.length === 0) ? 0 : 1;
}

async function measureAlone(recipients: number, lane: Lane, to: Destination): Promise<SizeFigures> {
  const stand = await startStand();
  const temporal = new Client({ connection: Connection.lazy({ address: stand.stack.stack.urls.temporal }) });
  try {
    // Without a channel of its own the workspace has a sandbox for webhooks.
    if (to === 'sink') await addSinkChannel(stand.call, SEEDED_WORKSPACE_ID, { url: stand.sink.url });
    await warmUp(stand, lane);
    return await measureSize(stand, temporal, { recipients, lane, to });
  } finally {
    await temporal.connection.close();
    await stand.close();
  }
}

function printSize(figures: SizeFigures): void {
  const { recipients: n, workflows, usage } = figures;
  printTable(`${n} recipients`, [
    {
      ...{
        'intake/s': Math.round(figures.intakePerSecond),
        'sent/s': Math.round(figures.deliveredPerSecond),
      },
      ...{
        'first plan ms': figures.firstPlanMs,
        'first send ms': figures.firstSendMs,
        shards: figures.shards,
      },
      ...{ plans: workflows.planning.count, 'plan p50 ms': workflows.planning.p50 },
      ...{ 'plan max ms': workflows.planning.max, runs: workflows.runs },
      ...{
        'events of a run': workflows.mostEvents.events,
        'KiB of a run': workflows.mostBytes.bytes / 1_024,
      },
      'DB bytes each': Math.round(figures.databaseBytesPerRecipient),
      'WAL bytes each': Math.round(figures.walBytesPerRecipient),
    },
  ]);
  printTable(
    'By process',
    PROCESSES.map((process) => ({
      ...{ process, 'peak MiB': Math.round(usage[process].peakBytes / MIB) },
      'CPU s/1000': ((usage[process].cpuSeconds / n) * 1_000).toFixed(2),
    })),
  );
  printTable(
    'Reads meanwhile',
    figures.reads.map(({ what, p50Ms, p99Ms, maxMs }) => ({ what, p50: p50Ms, p99: p99Ms, max: maxMs })),
  );
  console.log(figures.faults.length === 0 ? '\naudit: clean' : `\n${figures.faults.join('\n')}`);
}

function destinationOf(name: string): Destination {
  if (name !== 'sandbox' && name !== 'sink') throw new Error(`--provider is sandbox or sink, not ${name}`);
  return name;
}

function sizeOf(text: string): number {
  const size = Number(text);
  // The reads need a front, a middle and an end.
  if (!Number.isInteger(size) || size < 300)
    throw new Error(`--sizes wants whole numbers from 300, not ${text}`);
  return size;
}

void main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
