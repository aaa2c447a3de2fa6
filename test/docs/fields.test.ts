import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const SEEDS = join(ROOT, 'test/support/seeds');

interface Row {
  readonly does: string;
  readonly handledIn: readonly string[];
  readonly heldBy: readonly string[];
}

const filesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

/** What stands in the row of each field. */
const rows = new Map<string, Row>(
  readFileSync(join(ROOT, 'docs/fields.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [, field = '', does = '', files = '', tests = ''] = line.split('|').map((cell) => cell.trim());
      return [field.replaceAll('`', ''), { does, handledIn: filesIn(files), heldBy: filesIn(tests) }];
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

test('every row names the code that handles the field and the tests that hold it, and all are there', () => {
  expect(rows.size).toBeGreaterThan(90);
  for (const [field, { handledIn, heldBy }] of rows) {
    expect({ field, named: [handledIn.length > 0, heldBy.length > 0] }).toEqual({
      field,
      named: [true, true],
    });
    for (const file of [...handledIn, ...heldBy])
      expect({ field, file, exists: existsSync(join(ROOT, file)) }).toMatchObject({ exists: true });
    expect(heldBy.filter((file) => !/^test\/.*\.test\.ts$/.test(file))).toEqual([]);
  }
});

/** What means something to one vendor alone. */
const FOREIGN =
  /\b(referral|order|referredProduct|navigator\w*|flow|journey|useMmLite|line|telegram|whatsapp|gatewayTypeOverride)\b/;

test('a field that does nothing here is one that means nothing outside of its vendor', () => {
  const idle = [...rows].filter(([, { does }]) => /means nothing here|not acted on/.test(does));
  expect(idle.length).toBeGreaterThan(0);
  const others = idle.map(([field]) => field).filter((field) => !FOREIGN.test(field));
  expect(others).toEqual([]);
});
