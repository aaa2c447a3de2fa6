import { type Contestant } from './contestants';
import { type RunFigures } from './measure/figures';
import { type Result } from './report/summary';
import { measureRun, openContestant, type Arena, type OpenContestant } from './run';
import { Skipped } from './services/skipped';

export interface RoundsOptions {
  recipientsFor(contestant: Contestant): number;
  readonly rounds: number;
  /** True keeps every contestant's processes from round to round: quicker, and idle ones cost the others a little. */
  readonly keepOpen: boolean;
  report(line: string): void;
}

interface Standing {
  readonly contestant: Contestant;
  readonly runs: (RunFigures | undefined)[];
  readonly faults: Set<string>;
  skipped: boolean;
  open: OpenContestant | undefined;
}

/**
 * Runs all contestants in turn, round after round, every second round in the opposite order: what a machine does to whoever comes
 * late (a fuller disk, a warmer core) falls on both ends alike. A contestant that is skipped is not asked again.
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
    open: undefined,
  }));
  try {
    for (let round = 1; round <= options.rounds; round += 1) {
      const order = round % 2 === 1 ? standings : [...standings].reverse();
      for (const standing of order) {
        if (!standing.skipped) await oneRun(arena, standing, round, options);
      }
    }
  } finally {
    for (const { open } of standings) await open?.session.close();
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
    standing.open ??= await openContestant(arena, contestant, round);
    const figures = await measureRun(arena, standing.open, `r${round}`, n);
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
    await standing.open?.session.close();
    standing.open = undefined;
  }
  if (options.keepOpen) return;
  await standing.open?.session.close();
  standing.open = undefined;
}
