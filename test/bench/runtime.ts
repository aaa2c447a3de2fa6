import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const PEERS = join(__dirname, 'peers');
const PEERS_NODE = join(PEERS, 'node_modules/node/bin/node');
/** pg-boss and graphile-worker need 22.18; one version for all, Volley's processes included. */
const MIN_MAJOR = 24;

/** How a program of the bench is started: `fork(file, args, runtime)`. */
export interface Runtime {
  readonly execPath: string;
  readonly execArgv: string[];
}

const loader = ['--import', pathToFileURL(require.resolve('tsx')).href];

/** The Node of this process: for the gate, which compares ratios and has no peers. */
export function ownRuntime(): Runtime {
  return { execPath: process.execPath, execArgv: loader };
}

/** One Node of at least version 24 for all contestants; installs the peers' package where that is what carries it. */
export function benchRuntime(): Runtime {
  if (Number(process.versions.node.split('.')[0]) >= MIN_MAJOR) return ownRuntime();
  installPeers();
  return { execPath: PEERS_NODE, execArgv: loader };
}

/** Installs what test/bench/peers/package-lock.json names, once. @throws Error where npm fails. */
export function installPeers(): void {
  if (existsSync(PEERS_NODE)) return;
  console.error('Installing the contestants (npm ci in test/bench/peers), once ...');
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: PEERS, stdio: 'inherit' });
  if (result.status !== 0) throw new Error('npm ci in test/bench/peers failed: see its output above.');
}

/** As `node --version` says it, of the Node that the contestants run on. */
export function versionOf(runtime: Runtime): string {
  return spawnSync(runtime.execPath, ['--version'], { encoding: 'utf8' }).stdout.trim();
}
