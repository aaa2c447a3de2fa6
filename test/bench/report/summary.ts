import { type Contestant } from '../contestants';
import { median, type RunFigures } from '../measure/figures';

/** What became of a contestant over all rounds: figures, or the reason why there are none. */
export interface Result {
  readonly contestant: Pick<Contestant, 'name' | 'title' | 'group'>;
  /** By round; undefined where its run failed. */
  readonly runs: readonly (RunFigures | undefined)[];
  /** Why it has no figure in some round, or did not take part at all. */
  readonly faults: readonly string[];
  readonly skipped: boolean;
}

export interface Ratio {
  readonly of: string;
  readonly to: string;
  /** Recipients a second of one over those of the other, the median of the rounds in which both ended. */
  readonly value: number;
  readonly least: number;
  readonly most: number;
  /** The same of the first nine tenths (`perSecondTo90`), where both have sent something. */
  readonly to90?: number;
}

/** What is worth saying, first to last. A `best-peer` is the one with the highest median. */
const PAIRS: readonly (readonly [string, string])[] = [
  ['ours-page', 'raw-pg'],
  ['ours-page', 'best-peer'],
  ['ours-page', 'ours-workflow'],
  ['ours-workflow', 'bare-child'],
  ['ours-workflow', 'bare-noop'],
  ['ours-workflow', 'naive'],
  ['raw-pg', 'raw-http'],
];

type Numeric = Exclude<keyof RunFigures, 'audit'>;
const NUMERIC: readonly Numeric[] = [
  ...([
    'n',
    'wallMs',
    'perSecond',
    'perSecondTo90',
    'submitMs',
    'firstSendMs',
    'p50Ms',
    'p95Ms',
    'p99Ms',
  ] as const),
  ...(['cpuSecondsPer1000', 'peakBytes', 'storeBytesPerRecipient'] as const),
];
export type Medians = Partial<Record<Numeric, number>>;

/** Undefined where no run ended well. */
export function mediansOf(result: Result): Medians | undefined {
  const runs = result.runs.filter((run) => run !== undefined);
  if (runs.length === 0) return undefined;
  return Object.fromEntries(
    NUMERIC.flatMap((name) => {
      const values = runs.flatMap((run) => run[name] ?? []);
      return values.length === 0 ? [] : [[name, median(values)]];
    }),
  );
}

/** Each ratio is taken inside a round, where both had the same machine at about the same time, and only then the median. */
export function ratiosOf(results: readonly Result[]): Ratio[] {
  const byName = new Map(results.map((result) => [result.contestant.name, result]));
  const peer = bestPeer(results);
  if (peer !== undefined) byName.set('best-peer', peer);
  return PAIRS.flatMap(([of, to]) => {
    const ratios = roundRatios(byName.get(of), byName.get(to), 'perSecond');
    if (ratios.length === 0) return [];
    const to90 = roundRatios(byName.get(of), byName.get(to), 'perSecondTo90');
    const name = to === 'best-peer' ? `best peer (${peer?.contestant.title})` : to;
    return [
      {
        of,
        to: name,
        value: median(ratios),
        least: Math.min(...ratios),
        most: Math.max(...ratios),
        ...(to90.length === 0 ? {} : { to90: median(to90) }),
      },
    ];
  });
}

function roundRatios(
  a: Result | undefined,
  b: Result | undefined,
  rate: 'perSecond' | 'perSecondTo90',
): number[] {
  return (a?.runs ?? []).flatMap((run, round) => {
    const [mine, theirs] = [run?.[rate], b?.runs[round]?.[rate]];
    return mine === undefined || theirs === undefined ? [] : [mine / theirs];
  });
}

function bestPeer(results: readonly Result[]): Result | undefined {
  const rate = (result: Result): number => mediansOf(result)?.perSecond ?? 0;
  return results
    .filter((result) => result.contestant.group === 'peer' && rate(result) > 0)
    .sort((a, b) => rate(b) - rate(a))[0];
}
