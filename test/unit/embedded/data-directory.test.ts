import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DATA_DIRECTORY_VERSION,
  lockDataDirectory,
  openDataDirectory,
} from '../../../src/runtime/embedded/data-directory';
import { embeddedSecret } from '../../../src/runtime/embedded/secrets';
import { startEmbedded } from '../../../src/cli/start';
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

/** Runs `work` as a user who is not root and owns nothing here: root may write anywhere. */
function asStranger(work: () => void): void {
  const own = process.geteuid?.();
  if (own === 0) process.seteuid?.(65_534);
  try {
    work();
  } finally {
    if (own === 0) process.seteuid?.(own);
  }
}

test.each([
  ['run', () => lockDataDirectory(dataDir)],
  ['secrets', () => embeddedSecret(dataDir, 'admin-key')],
])('%s of a start with sudo is one sentence that names it', (name, use) => {
  const left = join(dataDir, name);
  mkdirSync(left, { mode: 0o000 });
  chmodSync(dataDir, 0o777);
  asStranger(() => {
    expect(use).toThrow(StartupError);
    expect(use).toThrow(
      new RegExp(
        `^${left}/\\S+ belongs to another user: give it to this one, or set VOLLEY_DATA_DIR to a directory that this user owns\\.$`,
      ),
    );
  });
  chmodSync(left, 0o700);
});

test('a start on a directory that cannot be written is one sentence, and makes nothing', async () => {
  const file = join(dataDir, 'file');
  writeFileSync(file, '');
  const place = join(file, 'data');
  const start = startEmbedded({ VOLLEY_DATA_DIR: place }, () => undefined);
  await expect(start).rejects.toBeInstanceOf(StartupError);
  await expect(start).rejects.toThrow(
    `${place} cannot be written (ENOTDIR): set VOLLEY_DATA_DIR to a directory that this user owns.`,
  );
});

test('a start on a directory of a newer version makes no secrets in it', async () => {
  writeFileSync(join(dataDir, 'version'), `${DATA_DIRECTORY_VERSION + 1}\n`);
  await expect(startEmbedded({ VOLLEY_DATA_DIR: dataDir }, () => undefined)).rejects.toThrow(StartupError);
  expect(existsSync(join(dataDir, 'secrets'))).toBe(false);
});
