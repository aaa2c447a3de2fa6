/**
 * `npm run bench:gate [-- --write]`: a short form of the bench for CI. Every run is audited, and the ratios between contestants, not
 * their seconds, are held against test/bench/figures.json. No peers, nothing to install, about two minutes.
 *
 * Noise: ratios are taken inside a round, where both ran within seconds of each other, in alternating order; of the rounds the best
 * one counts, since a neighbour on the machine can make Volley look slower than it is in a round but hardly faster in all. The first
 * shortfall is measured once more with as many rounds before it is believed. Exits 1 on a shortfall or a failed audit.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { CONTESTANTS } from './contestants';
import { ratiosOf, type Result } from './report/summary';
import { tableOf } from './report/table';
import { runRounds } from './rounds';
import { ownRuntime } from './runtime';
import { createServices } from './services/services';
import { startSink } from './sink/control';

const FILE = join(__dirname, 'figures.json');
const figuresSchema = z.strictObject({
  rounds: z.int().min(2),
  /** By which a ratio may fall short of its figure. */
  tolerance: z.number().min(0.01).max(0.5),
  /** How many recipients each gets. Only what is listed runs: a lane that is not there yet is not in here either. */
  contestants: z.record(z.string(), z.int().min(100)),
  ratios: z.array(z.strictObject({ of: z.string(), to: z.string(), value: z.number().positive() })).min(1),
});
type Figures = z.output<typeof figuresSchema>;

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });

async function main(): Promise<number> {
  const figures = figuresSchema.parse(JSON.parse(readFileSync(FILE, 'utf8')));
  const first = await measure(figures);
  if (values.write) return write(figures, first);
  const faults = faultsOf(first);
  const short = shortfalls(figures, first);
  if (faults.length === 0 && short.length > 0) {
    console.log(`\n${short.join('\n')}\nOnce more, to tell a slow neighbour from a slow Volley.`);
    const again = await measure(figures);
    const still = shortfalls(figures, again).filter((line) =>
      short.some((old) => nameOf(old) === nameOf(line)),
    );
    return verdict([...faultsOf(again), ...still]);
  }
  return verdict([...faults, ...short]);
}

async function measure(figures: Figures): Promise<Result[]> {
  const dir = mkdtempSync(join(tmpdir(), 'volley-gate-'));
  const runtime = ownRuntime();
  const services = createServices(dir);
  const sink = await startSink(runtime, 0);
  try {
    const contestants = CONTESTANTS.filter(({ name }) => name in figures.contestants);
    if (contestants.length !== Object.keys(figures.contestants).length)
      throw new Error(`${FILE} names a contestant that is not there`);
    const results = await runRounds({ runtime, services, sink, dir }, contestants, {
      rounds: figures.rounds,
      recipientsFor: ({ name }) => figures.contestants[name] ?? 0,
      report: (line) => console.log(line),
    });
    console.log(`\n${tableOf(results)}`);
    return results;
  } finally {
    await sink.close();
    await services.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

function faultsOf(results: readonly Result[]): string[] {
  return results.flatMap(({ contestant, faults }) => faults.map((fault) => `${contestant.name}: ${fault}`));
}

/** A ratio that could not be taken falls short as well. */
function shortfalls(figures: Figures, results: readonly Result[]): string[] {
  const measured = ratiosOf(results);
  return figures.ratios.flatMap(({ of, to, value }) => {
    const best = measured.find((ratio) => ratio.of === of && ratio.to === to)?.most;
    const least = value * (1 - figures.tolerance);
    if (best !== undefined && best >= least) return [];
    return [
      `${of} / ${to}: ${best?.toFixed(2) ?? 'none'} at best, at least ${least.toFixed(2)} is wanted (figure ${value})`,
    ];
  });
}

const nameOf = (line: string): string => line.slice(0, line.indexOf(':'));

function verdict(problems: readonly string[]): number {
  console.log(
    problems.length === 0 ? '\nThe gate holds.' : `\nThe gate does not hold:\n${problems.join('\n')}`,
  );
  return problems.length === 0 ? 0 : 1;
}

/** Takes the medians of this machine as the figures of the ratios that are listed. */
function write(figures: Figures, results: readonly Result[]): number {
  const faults = faultsOf(results);
  if (faults.length > 0) return verdict(faults);
  const measured = ratiosOf(results);
  const ratios = figures.ratios.map((ratio) => {
    const found = measured.find(({ of, to }) => of === ratio.of && to === ratio.to);
    return found === undefined ? ratio : { ...ratio, value: Number(found.value.toFixed(3)) };
  });
  writeFileSync(FILE, `${JSON.stringify({ ...figures, ratios }, null, 2)}\n`);
  console.log(`\nWrote ${FILE}.`);
  return 0;
}

void main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  },
);
