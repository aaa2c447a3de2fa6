import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DATA_DIRECTORY_VERSION,
  lockDataDirectory,
  openDataDirectory,
} from '../../../src/runtime/embedded/data-directory';
import { startMarkOf } from '../../../src/runtime/embedded/process-life';
import { StartupError } from '../../../src/runtime/embedded/startup-error';

let dataDir: string;
beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'volley-data-'))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

test('a directory of a newer version is refused in one sentence, and left as it is', () => {
  const file = join(dataDir, 'version');
  writeFileSync(file, `${DATA_DIRECTORY_VERSION + 1}\n`);
  expect(() => openDataDirectory(dataDir)).toThrow(StartupError);
  expect(() => openDataDirectory(dataDir)).toThrow(
    /was made by a newer Volley \(data version 2.*update Volley, or set VOLLEY_DATA_DIR/,
  );
  expect(readFileSync(file, 'utf8')).toBe(`${DATA_DIRECTORY_VERSION + 1}\n`);
});

test('a version that is no number is not taken for an old one', () => {
  writeFileSync(join(dataDir, 'version'), 'later');
  expect(() => openDataDirectory(dataDir)).toThrow(StartupError);
});

test('a directory made by this version opens again', () => {
  openDataDirectory(dataDir);
  expect(() => openDataDirectory(dataDir)).not.toThrow();
});

test('a second stack on the same directory is told who holds it; after the release it may', () => {
  const lock = lockDataDirectory(dataDir);
  expect(() => lockDataDirectory(dataDir)).toThrow(
    `Another Volley (process ${process.pid}) uses ${dataDir}: stop it first, or set VOLLEY_DATA_DIR to another directory.`,
  );
  lock.release();
  lockDataDirectory(dataDir).release();
});

test.each([
  ['a process that is gone', () => `999999999\nsome start\n`],
  ['a process whose pid came again', () => `${process.pid}\nan earlier start\n`],
])('a lock of %s is taken over', (_, content) => {
  lockDataDirectory(dataDir).release();
  writeFileSync(join(dataDir, 'run', 'lock'), content());
  lockDataDirectory(dataDir);
  expect(readFileSync(join(dataDir, 'run', 'volley.pid'), 'utf8')).toBe(`${process.pid}\n`);
});

test('a release takes no lock away that meanwhile belongs to another', () => {
  const lock = lockDataDirectory(dataDir);
  const other = `${process.ppid}\n${startMarkOf(process.ppid)}\n`;
  writeFileSync(join(dataDir, 'run', 'lock'), other);
  lock.release();
  expect(readFileSync(join(dataDir, 'run', 'lock'), 'utf8')).toBe(other);
});
