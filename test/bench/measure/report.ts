import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';

export type Row = Readonly<Record<string, string | number>>;

/** `--json FILE` of the command line, and what else was given. */
export function readArguments(argv: readonly string[]): {
  json: string | undefined;
  rest: readonly string[];
} {
  const at = argv.indexOf('--json');
  if (at < 0) return { json: undefined, rest: argv };
  const file = argv[at + 1];
  if (file === undefined) throw new Error('--json wants a file.');
  return { json: file, rest: [...argv.slice(0, at), ...argv.slice(at + 2)] };
}

/** The machine as it is now: others that load it make every time an upper bound. */
export function machine(): { node: string; cpus: number; load: string } {
  const load = loadavg().map((value) => value.toFixed(2));
  return { node: process.version, cpus: cpus().length, load: load.join(' ') };
}

/** Prints a table with the columns of its first row. */
export function printTable(title: string, rows: readonly Row[]): void {
  const names = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => names.map((name) => text(row[name] ?? '')));
  const widths = names.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ');
  console.log(`\n${title}\n${line(names)}\n${line(widths.map((width) => '-'.repeat(width)))}`);
  for (const row of cells) console.log(line(row));
}

export function writeJson(file: string | undefined, result: unknown): void {
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
}

function text(value: string | number): string {
  return typeof value === 'string' || Number.isInteger(value) ? String(value) : value.toFixed(1);
}
