import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundle } from '@temporalio/worker';
import { bundleOptions, WORKFLOWS_PATH } from '../../src/temporal/bundle-options';

const ROOT = join(__dirname, '../..');
/** All that a bundle is made of: what changes any of it makes another bundle. */
const SOURCES = [
  ...['workflows', 'src/domain', 'test/workflow/fixtures'],
  ...['src/temporal/failure-converter.ts', 'src/temporal/bundle-options.ts'],
];

/**
 * The workflows' bundle, made once for all test files that run the same code: making it costs seconds. `path` names
 * another index of workflows.
 */
export async function workflowBundle(path: string = WORKFLOWS_PATH): Promise<WorkflowBundle> {
  const cache = join(tmpdir(), 'volley-test-bundles');
  const file = join(cache, `${hashOf(path)}.js`);
  if (!existsSync(file)) {
    const { code } = await bundleWorkflowCode(bundleOptions(path));
    mkdirSync(cache, { recursive: true });
    // Renamed when whole: another test file never reads half of it.
    writeFileSync(`${file}.${process.pid}`, code);
    renameSync(`${file}.${process.pid}`, file);
  }
  return { code: readFileSync(file, 'utf8') };
}

function hashOf(path: string): string {
  const hash = createHash('sha256').update(path).update(sdkVersion());
  for (const source of SOURCES)
    for (const file of filesOf(join(ROOT, source))) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 24);
}

function filesOf(path: string): string[] {
  if (path.endsWith('.ts')) return [path];
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) =>
    entry.isDirectory() ? filesOf(join(path, entry.name)) : [join(path, entry.name)],
  );
}

function sdkVersion(): string {
  const lock = join(ROOT, 'node_modules/@temporalio/workflow/package.json');
  return (JSON.parse(readFileSync(lock, 'utf8')) as { version: string }).version;
}
