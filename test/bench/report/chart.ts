import { type Contestant } from '../contestants';
import { mediansOf, type Result } from './summary';

const WIDTH = 860;
const LEFT = 270;
const RIGHT = 90;
const ROW = 26;
const BAR = 16;
const TOP = 58;
const COLOURS: Readonly<Record<Contestant['group'], string>> = {
  ours: '#2563eb',
  peer: '#f59e0b',
  limit: '#94a3b8',
  naive: '#dc2626',
};
const LEGEND: Readonly<Record<Contestant['group'], string>> = {
  ours: 'Volley',
  peer: 'what else one could use',
  limit: 'limits of the machine',
  naive: 'the naive program',
};

/**
 * Recipients a second as bars on a logarithmic axis (a workflow each and a queue are two orders apart), fastest first. Standalone SVG
 * of at most 860 pixels, readable on light and dark pages.
 */
export function chartOf(results: readonly Result[]): string {
  const bars = results
    .flatMap((result) => {
      const rate = mediansOf(result)?.perSecond;
      return rate === undefined ? [] : [{ ...result.contestant, rate }];
    })
    .sort((a, b) => b.rate - a.rate);
  const ticks = decadesUpTo(Math.max(10, ...bars.map(({ rate }) => rate)));
  const most = ticks.at(-1) ?? 10;
  const height = TOP + bars.length * ROW + 34;
  const x = (rate: number): number =>
    LEFT + ((WIDTH - LEFT - RIGHT) * Math.log10(Math.max(1, rate))) / Math.log10(most);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Recipients a second">`,
    '<style>text{font:13px system-ui,sans-serif;fill:#1f2937}.dim{fill:#6b7280;font-size:11px}</style>',
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff"/>`,
    text(16, 26, 'Recipients a second, delivered, recorded and audited (logarithmic)', 'font-weight="600"'),
    ...legend(new Set(bars.map(({ group }) => group))),
    ...ticks.flatMap((tick) => [
      `<line x1="${x(tick).toFixed(1)}" y1="${TOP - 4}" x2="${x(tick).toFixed(1)}" y2="${height - 26}" stroke="#e5e7eb"/>`,
      text(x(tick), height - 10, tick.toLocaleString('en'), 'class="dim" text-anchor="middle"'),
    ]),
    ...bars.flatMap(({ title, group, rate }, at) => {
      const y = TOP + at * ROW;
      return [
        text(LEFT - 10, y + 13, title, 'text-anchor="end"'),
        `<rect x="${LEFT}" y="${y}" width="${(x(rate) - LEFT).toFixed(1)}" height="${BAR}" rx="3" fill="${COLOURS[group]}"/>`,
        text(x(rate) + 6, y + 13, Math.round(rate).toLocaleString('en')),
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}

function legend(groups: ReadonlySet<Contestant['group']>): string[] {
  let x = 16;
  return [...groups].flatMap((group) => {
    const from = x;
    x += 40 + LEGEND[group].length * 6.2;
    return [
      `<rect x="${from}" y="36" width="10" height="10" rx="2" fill="${COLOURS[group]}"/>`,
      text(from + 15, 45, LEGEND[group], 'class="dim"'),
    ];
  });
}

/** 1, 10, 100 … to the first that is not below `most`. */
function decadesUpTo(most: number): number[] {
  return Array.from({ length: Math.ceil(Math.log10(most)) + 1 }, (_, power) => 10 ** power);
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped}</text>`;
}
