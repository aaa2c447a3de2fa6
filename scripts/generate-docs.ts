import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderFailureCodes } from '../api/bird/failure-codes';
import { renderErrors } from './docs/errors';
import { renderIngestionErrors } from './docs/ingestion-errors';
import { renderSandbox } from './docs/sandbox';
import { renderStates } from './docs/states';

/** The pages that are written by the code that they describe, by path from the root of the project. */
export const GENERATED_PAGES: Readonly<Record<string, () => string>> = {
  'docs/states.md': renderStates,
  'docs/errors.md': renderErrors,
  'docs/sandbox.md': renderSandbox,
  'docs/ingestion-errors.md': renderIngestionErrors,
  'docs/bird-failure-codes.md': renderFailureCodes,
};

const ROOT = join(__dirname, '..');

/** Writes what is missing or stale, and says so: what `npm run docs` does. */
function main(): void {
  for (const [path, render] of Object.entries(GENERATED_PAGES)) {
    const file = join(ROOT, path);
    const text = render();
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    writeFileSync(file, text);
    process.stdout.write(`Wrote ${path}\n`);
  }
}

if (require.main === module) main();
