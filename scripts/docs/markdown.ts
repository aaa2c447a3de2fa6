/** What a reader of a generated page must know first: where to change it. */
export function generatedNote(source: string): string {
  return `<!-- Generated from ${source} by \`npm run docs\`. Edit there, not here. -->`;
}

export const code = (text: string): string => `\`${text}\``;

/**
 * A Markdown table, padded as the project's formatter pads it. A pipe inside a cell would end it, so it is written as its
 * entity.
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows].map((cells) => cells.map((cell) => cell.replaceAll('|', '&#124;')));
  const widths = head.map((_, column) => Math.max(3, ...all.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[], filler = ' '): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, filler)).join(' | ')} |`;
  const [first = [], ...others] = all;
  return [line(first), line([], '-'), ...others.map((cells) => line(cells))].join('\n');
}
