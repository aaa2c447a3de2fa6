import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GENERATED_PAGES } from '../../scripts/generate-docs';
import { ERROR_CODES } from '../../src/domain/errors';
import { REASONS_BY_STATE } from '../../src/domain/reasons';
import { MESSAGE_STATES } from '../../src/domain/states';

const ROOT = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

test.each(Object.entries(GENERATED_PAGES))('%s says what the code says (npm run docs)', (path, render) => {
  expect(read(path)).toBe(render());
});

test('every state and reason has a row in docs/states.md', () => {
  const rows = read('docs/states.md')
    .split('\n')
    .filter((line) => line.startsWith('| '));
  for (const state of MESSAGE_STATES) expect(rows.some((row) => row.startsWith(`| ${state}`))).toBe(true);
  for (const [state, reasons] of Object.entries(REASONS_BY_STATE)) {
    for (const reason of reasons) {
      expect(rows.filter((row) => row.startsWith(`| ${state}: ${reason} `))).toHaveLength(1);
    }
  }
});

test('the code in the type of a problem of /v1 is a heading of docs/errors.md', () => {
  const text = read('docs/errors.md');
  for (const code of ERROR_CODES) expect(text).toContain(`\n## ${code}\n`);
});
