/**
 * `npm run bench -- [--n 10000] [--rounds 5] [--latency 0] [--only ours-page,raw-pg] [--uncapped] [--json FILE] [--svg FILE]`: all contestants by
 * one contract, side by side. Exits 1 when a run had no figure.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { CONTESTANTS, type Contestant } from './contestants';
import { CONTRACT } from './contract';
import { chartOf } from './report/chart';
import { IDLE_LOAD, readMachine } from './report/machine';
import { mediansOf, ratiosOf, type Result } from './report/summary';
import { tableOf } from './report/table';
import { runRounds } from './rounds';
import { benchRuntime, installPeers, versionOf } from './runtime';
import { createServices } from './services/services';
import { startSink } from './sink/control';

const { values } = parseArgs({
  options: {
    n: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '5' },
    latency: { type: 'string', default: '0' },
    only: { type: 'string' },
    /** Runs all with --n, also those that are given fewer: to see where one breaks. */
    uncapped: { type: 'boolean', default: false },
    json: { type: 'string' },
    svg: { type: 'string' },
  },
});

async function main(): Promise<number> {
  const contestants = chosen(values.only);
  const machine = readMachine();
  if (contestants.some(({ group }) => group === 'peer')) installPeers();
  const runtime = benchRuntime();
  const node = versionOf(runtime);
  const dir = mkdtempSync(join(tmpdir(), 'volley-bench-'));
  console.log(
    `Node ${node}, ${machine.cpus} x ${machine.model}, load ${machine.load.toFixed(2)}, logs in ${dir}`,
  );
  if (machine.load > IDLE_LOAD)
    console.log(`The machine is not idle (over ${IDLE_LOAD}): take ratios, not seconds.`);
  const n = wholeNumber('n', values.n);
  const latencyMs = wholeNumber('latency', values.latency);
  const services = createServices(dir);
  const sink = await startSink(runtime, latencyMs);
  let clean = false;
  try {
    const results = await runRounds({ runtime, services, sink, dir }, contestants, {
      recipientsFor: ({ mostRecipients }) => (values.uncapped ? n : Math.min(n, mostRecipients ?? n)),
      rounds: wholeNumber('rounds', values.rounds),
      report: (line) => console.log(line),
    });
    const used = await services.descriptions();
    console.log(`\n${used.join('\n')}\n\n${tableOf(results)}`);
    if (values.json !== undefined) {
      const contract = { ...CONTRACT, sinkLatencyMs: latencyMs };
      write(
        values.json,
        `${JSON.stringify({ node, machine, services: used, contract, ...reportOf(results) }, null, 2)}\n`,
      );
    }
    if (values.svg !== undefined) write(values.svg, chartOf(results));
    clean = results.every(({ faults, skipped }) => faults.length === 0 || skipped);
  } finally {
    await sink.close();
    await services.close();
    // Where something went wrong the logs stay, to be read.
    if (clean) rmSync(dir, { recursive: true, force: true });
  }
  return clean ? 0 : 1;
}

function chosen(only: string | undefined): readonly Contestant[] {
  if (only === undefined) return CONTESTANTS;
  return only.split(',').map((name) => {
    const found = CONTESTANTS.find((each) => each.name === name.trim());
    if (found === undefined) {
      throw new Error(
        `no contestant is called "${name}": there is ${CONTESTANTS.map((each) => each.name).join(', ')}`,
      );
    }
    return found;
  });
}

function reportOf(results: readonly Result[]): object {
  return {
    ratios: ratiosOf(results),
    contestants: results.map((result) => ({ ...result.contestant, ...result, median: mediansOf(result) })),
  };
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`--${name} has to be a whole number`);
  return Number(text);
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

void main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  },
);
