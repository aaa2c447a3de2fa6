import { type Contestant } from './contestants';
import { type RunFigures } from './measure/figures';
import { type Result } from './report/summary';
import { measureRun, openContestant, type Arena } from './run';
import { Skipped } from './services/skipped';

export interface RoundsOptions {
  recipientsFor(contestant: Contestant): number;
  readonly rounds: number;
  report(line: string): void;
}

interface Standing {
  readonly contestant: Contestant;
  readonly runs: (RunFigures | undefined)[];
  readonly faults: Set<string>;
  skipped: boolean;
}

/**
 * Runs all contestants in turn, round after round, every second round in the opposite order: what a machine does to whoever comes
 * late (a fuller disk, a warmer core) falls on both ends alike. Each has its processes for its own run only. A contestant that is
 * skipped is not asked again.
 */
export async function runRounds(
  arena: Arena,
  contestants: readonly Contestant[],
  options: RoundsOptions,
): Promise<Result[]> {
  const standings = contestants.map((contestant): Standing => ({
    contestant,
    runs: [],
    faults: new Set(),
    skipped: false,
  }));
  for (let round = 1; round <= options.rounds; round += 1) {
    const order = round % 2 === 1 ? standings : [...standings].reverse();
    for (const standing of order) {
      if (!standing.skipped) await oneRun(arena, standing, round, options);
    }
  }
  return standings.map(({ contestant, runs, faults, skipped }) => ({
    contestant,
    runs,
    faults: [...faults],
    skipped,
  }));
}

async function oneRun(
  arena: Arena,
  standing: Standing,
  round: number,
  options: RoundsOptions,
): Promise<void> {
  const { contestant } = standing;
  const n = options.recipientsFor(contestant);
  try {
    const figures = await openAndMeasure(arena, contestant, round, n);
    standing.runs.push(figures);
    options.report(`round ${round}: ${contestant.title}: ${figures.perSecond.toFixed(1)}/s of ${n}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    standing.runs.push(undefined);
    standing.faults.add(reason);
    standing.skipped = error instanceof Skipped;
    options.report(
      `round ${round}: ${contestant.title}: ${standing.skipped ? 'skipped' : 'NO FIGURE'}: ${reason}`,
    );
  }
}

async function openAndMeasure(
  arena: Arena,
  contestant: Contestant,
  round: number,
  n: number,
): Promise<RunFigures> {
  const open = await openContestant(arena, contestant, round);
  try {
    return await measureRun(arena, open, `r${round}`, n);
  } finally {
    await open.session.close();
  }
}
