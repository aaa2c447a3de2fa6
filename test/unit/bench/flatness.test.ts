import { flatnessOf } from '../../bench/growth/flatness';
import { type SizeFigures } from '../../bench/growth/measure-size';

/** A line that gets worse with the size of a job is named, in whichever direction worse is. */
function figures(recipients: number, change: Partial<SizeFigures> = {}): SizeFigures {
  const largest = { workflowId: 'bulk/1', events: 60, bytes: 10_000 };
  const usage = { cpuSeconds: recipients / 1_000, peakBytes: 2 ** 20, storeBytes: undefined };
  return {
    ...{ recipients, intakePerSecond: 10_000, deliveredPerSecond: 1_000, firstPlanMs: 50, firstSendMs: 80 },
    ...{ shards: 2, databaseBytesPerRecipient: 5_000, walBytesPerRecipient: 8_000, faults: [] },
    workflows: {
      ...{ runs: 3, mostEvents: largest, mostBytes: largest },
      planning: { count: 1, p50: 5, p95: 5, p99: 5, max: 5 },
    },
    usage: { api: usage, worker: usage, temporal: usage, postgres: usage },
    reads: [{ what: 'status', p50Ms: 3, p99Ms: 10, maxMs: 12 }],
    ...change,
  };
}
const bent = (small: SizeFigures, large: SizeFigures): string[] =>
  flatnessOf([small, large])
    .filter(({ flat }) => !flat)
    .map(({ line }) => line);

test('figures that stay, and CPU that grows with the recipients, are flat', () => {
  expect(bent(figures(1_000), figures(100_000))).toEqual([]);
});

test('a rate that falls and a cost that rises are not flat; the other way round they are', () => {
  const worse = { deliveredPerSecond: 700, walBytesPerRecipient: 11_000 };
  expect(bent(figures(1_000), figures(100_000, worse))).toEqual(['delivered/s', 'WAL bytes each']);
  expect(bent(figures(1_000, worse), figures(100_000))).toEqual([]);
});

test('a read that is slower in the larger job is not flat, and one without figures is not either', () => {
  const slow = { reads: [{ what: 'status', p50Ms: 3, p99Ms: 20, maxMs: 22 }] };
  expect(bent(figures(1_000), figures(100_000, slow))).toEqual(['status p99 ms']);
  expect(bent(figures(1_000), figures(100_000, { reads: [] }))).toEqual(['status p99 ms']);
});
