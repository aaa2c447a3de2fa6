import { PROCESSES } from '../measure/by-process';
import { type SizeFigures } from './measure-size';

/** A small job has fixed costs in it, and a machine is never quite still. */
const TOLERANCE = 1.25;

interface Line {
  readonly name: string;
  readonly of: (figures: SizeFigures) => number;
  /** A rate may rise, a cost may fall. */
  readonly better: 'more' | 'less';
}

export interface Flatness {
  readonly line: string;
  readonly first: number;
  readonly last: number;
  /** Last over first. */
  readonly ratio: number;
  readonly flat: boolean;
}

const LINES: readonly Line[] = [
  { name: 'intake/s', of: ({ intakePerSecond }) => intakePerSecond, better: 'more' },
  { name: 'delivered/s', of: ({ deliveredPerSecond }) => deliveredPerSecond, better: 'more' },
  { name: 'first plan ms', of: ({ firstPlanMs }) => firstPlanMs, better: 'less' },
  { name: 'first send ms', of: ({ firstSendMs }) => firstSendMs, better: 'less' },
  { name: 'a plan p50 ms', of: ({ workflows }) => workflows.planning.p50, better: 'less' },
  { name: 'events of a run', of: ({ workflows }) => workflows.mostEvents.events, better: 'less' },
  { name: 'bytes of a run', of: ({ workflows }) => workflows.mostBytes.bytes, better: 'less' },
  { name: 'database bytes each', of: (figures) => figures.databaseBytesPerRecipient, better: 'less' },
  { name: 'WAL bytes each', of: (figures) => figures.walBytesPerRecipient, better: 'less' },
  ...PROCESSES.flatMap((name): Line[] => [
    { name: `peak MiB, ${name}`, of: ({ usage }) => usage[name].peakBytes / 2 ** 20, better: 'less' },
    {
      name: `CPU s/1000, ${name}`,
      of: ({ usage, recipients }) => (usage[name].cpuSeconds / recipients) * 1_000,
      better: 'less',
    },
  ]),
];

/** Each line from the smallest job to the largest: flat when it did not get worse by more than a quarter. */
export function flatnessOf(sizes: readonly SizeFigures[]): Flatness[] {
  const [first, last] = [sizes[0], sizes.at(-1)];
  if (first === undefined || last === undefined) return [];
  const reads = first.reads.map(({ what }): Line => ({
    name: `${what} p99 ms`,
    of: (figures) => figures.reads.find((read) => read.what === what)?.p99Ms ?? NaN,
    better: 'less',
  }));
  return [...LINES, ...reads].map(({ name, of, better }) => {
    const ratio = of(last) / of(first);
    const flat = better === 'less' ? ratio <= TOLERANCE : ratio >= 1 / TOLERANCE;
    return { line: name, first: of(first), last: of(last), ratio, flat };
  });
}
