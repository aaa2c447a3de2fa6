import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Whether a person watches: then there are colours and moving bars, else plain lines. */
export function onTerminal(): boolean {
  return process.stdout.isTTY;
}

/** Colour on a terminal that wants it. Node 20's styleText does not look where its text goes. */
export function paint(format: Format, text: string): string {
  return onTerminal() && !process.env['NO_COLOR'] ? styleText(format, text) : text;
}

/** Rows as columns: each as wide as its widest cell, numbers to the right. */
export function columns(rows: readonly (readonly (string | number)[])[], gap = 2): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, String(cell).length)));
  }
  return rows.map((row) =>
    row
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return typeof cell === 'number' ? String(cell).padStart(width) : cell.padEnd(width);
      })
      .join(' '.repeat(gap))
      .trimEnd(),
  );
}

/** `name  value` lines, indented, the names all as wide as the widest. */
export function printPairs(pairs: readonly (readonly [name: string, value: string | number])[]): void {
  const width = Math.max(...pairs.map(([name]) => name.length));
  for (const [name, value] of pairs) console.log(`  ${paint('dim', name.padEnd(width))}  ${value}`);
}
