import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const SEEDS = join(ROOT, 'test/support/seeds');

/** Field to the files that its row names. */
const rows = new Map(
  readFileSync(join(ROOT, 'docs/fields.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [, field = '', , files = ''] = line.split('|').map((cell) => cell.trim());
      return [field.replaceAll('`', ''), [...files.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')];
    }),
);

/** The paths of a document's leaves; an empty object or array is one. */
function leaves(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => leaves(item, `${path}[]`));
  const members = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (members.length === 0) return [path];
  return members.flatMap(([name, inner]) => leaves(inner, path === '' ? name : `${path}.${name}`));
}

function example(file: string): unknown {
  const text = readFileSync(join(SEEDS, file), 'utf8');
  // Comments, and the comma that JSON has no room for.
  const bare = file.endsWith('.jsonc') ? text.replace(/\/\/.*$/gm, '').replace(/,(\s*[}\]])/g, '$1') : text;
  return JSON.parse(bare);
}

test.each(readdirSync(SEEDS))('every field of %s has a row', (file) => {
  const fields = leaves(example(file));
  expect(fields.length).toBeGreaterThan(0);
  for (const field of fields) expect([...rows.keys()]).toContain(field);
});

test('every file that a row names is there', () => {
  expect(rows.size).toBeGreaterThan(90);
  for (const [field, files] of rows) {
    expect(files.length).toBeGreaterThan(0);
    for (const file of files)
      expect({ field, file, exists: existsSync(join(ROOT, file)) }).toMatchObject({ exists: true });
  }
});
