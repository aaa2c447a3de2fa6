import { mediansOf, ratiosOf, type Medians, type Result } from './summary';

type Row = readonly string[];

const seconds = (ms: number): string => (ms / 1_000).toFixed(ms < 10_000 ? 2 : 1);
const whole = (value: number): string => value.toFixed(value < 10 ? 1 : 0);
const mebibytes = (bytes: number): string => (bytes / 1_048_576).toFixed(0);
const kibibytes = (bytes: number): string => (bytes / 1_024).toFixed(1);

const COLUMNS: readonly (readonly [string, keyof Medians, (value: number) => string])[] = [
  ['n', 'n', String],
  ['per s', 'perSecond', whole],
  ['to 90 %', 'perSecondTo90', whole],
  ['wall s', 'wallMs', seconds],
  ['submit s', 'submitMs', seconds],
  ['first ms', 'firstSendMs', whole],
  ['p50 s', 'p50Ms', seconds],
  ['p95 s', 'p95Ms', seconds],
  ['p99 s', 'p99Ms', seconds],
  ['CPU s/1000', 'cpuSecondsPer1000', (value) => value.toFixed(2)],
  ['peak MiB', 'peakBytes', mebibytes],
  ['store KiB each', 'storeBytesPerRecipient', kibibytes],
];

/** Ratios first, then the medians of each contestant, then why some have none. */
export function tableOf(results: readonly Result[]): string {
  const ratios = ratiosOf(results).map(({ of, to, value, least, most, to90 }) => [
    `${of} / ${to}`,
    value.toFixed(2),
    `${least.toFixed(2)} - ${most.toFixed(2)}`,
    shown(to90, (ratio) => ratio.toFixed(2)),
  ]);
  const rows = results.flatMap((result) => {
    const medians = mediansOf(result);
    if (medians === undefined) return [];
    return [[result.contestant.title, ...COLUMNS.map(([, key, show]) => shown(medians[key], show))]];
  });
  const faults = results.flatMap(({ contestant, faults: all, skipped }) =>
    all.map((fault) => `${contestant.title}: ${skipped ? 'skipped' : 'no figure'}: ${fault}`),
  );
  return [
    ...(ratios.length === 0
      ? []
      : [aligned([['ratio of recipients/s', 'median', 'spread', 'to 90 %'], ...ratios]), '']),
    aligned([['', ...COLUMNS.map(([title]) => title)], ...rows]),
    ...(faults.length === 0 ? [] : ['', ...faults]),
  ].join('\n');
}

function shown(value: number | undefined, show: (value: number) => string): string {
  return value === undefined ? '-' : show(value);
}

/** The first column to the left, numbers to the right. */
function aligned(rows: readonly Row[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join('  '),
    )
    .join('\n');
}
