import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartupError } from '../../../src/runtime/embedded/startup-error';
import { findTemporal } from '../../../src/runtime/embedded/temporal-binary';

let home: string;
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'volley-temporal-'))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** A `temporal` that only knows its version, in a folder of its own. */
function fake(folder: string, version: string): string {
  mkdirSync(join(home, folder), { recursive: true });
  const path = join(home, folder, 'temporal');
  writeFileSync(path, `#!/bin/sh\necho "temporal version ${version} (Server 1.32.0, UI 2.54.1)"\n`, {
    mode: 0o755,
  });
  return path;
}

const path = (...folders: string[]) => folders.map((folder) => join(home, folder)).join(':');

test('TEMPORAL_CLI_PATH wins over PATH', async () => {
  fake('path', '1.9.0');
  const named = fake('named', '1.5.0');
  expect(await findTemporal('temporal', { TEMPORAL_CLI_PATH: named, PATH: path('path') })).toBe(named);
});

test('a TEMPORAL_CLI_PATH that is no such program is an error, never passed over in silence', async () => {
  fake('path', '1.9.0');
  const find = findTemporal('temporal', { TEMPORAL_CLI_PATH: '/nowhere/temporal', PATH: path('path') });
  await expect(find).rejects.toBeInstanceOf(StartupError);
  await expect(find).rejects.toThrow(
    /TEMPORAL_CLI_PATH is \/nowhere\/temporal, which is not a Temporal CLI of version/,
  );
});

test('one on PATH that is too old is passed over for the next', async () => {
  fake('old', '1.4.1');
  const current = fake('current', '1.10.0');
  expect(await findTemporal('temporal', { PATH: path('old', 'current') })).toBe(current);
});

test('the data directory serves where PATH does not', async () => {
  const kept = fake('data/bin', '1.9.1');
  const env = { PATH: path('empty'), VOLLEY_DATA_DIR: join(home, 'data') };
  expect(await findTemporal('temporal', env)).toBe(kept);
});
