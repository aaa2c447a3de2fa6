// What `npm start`, `npm run demo` and `npm test` run: sees to the right Node and to installed dependencies, then hands
// over. Node's built-ins only, since it runs before anything is installed, and no syntax that an old Node would choke
// on before it could be told that it is too old.
import { spawn, spawnSync } from 'child_process';
import { createHash } from 'crypto';
import { existsSync, readFileSync, writeFileSync } from 'fs';
import { createRequire } from 'module';
import { constants } from 'os';
import { dirname, join } from 'path';
import { clearInterval, setInterval } from 'timers';
import { fileURLToPath, pathToFileURL } from 'url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const lockFile = join(root, 'package-lock.json');
/** Holds the hash of the lock that node_modules was last found to match: a start then compares one hash. */
const stampFile = join(modules, '.volley-lock-sha256');
/** Short beside the seconds that a stop takes. */
const ORPHAN_CHECK_MS = 500;
const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

main(process.argv.slice(2));

function main(args) {
  requireNode(20, 19);
  const word = args[0] || 'start';
  const rest = args.slice(1);
  installWhatIsMissing(word === 'test');
  if (word === 'test') runTests(rest);
  else handOver(typescript('cli.ts').concat(word, rest), { env: process.env, supervised: true });
}

function requireNode(major, minor) {
  const found = process.versions.node.split('.').map(Number);
  if (found[0] > major || (found[0] === major && found[1] >= minor)) return;
  fail(
    `Volley needs Node ${major}.${minor} or later and this is ${process.versions.node}: install a current one from https://nodejs.org.`,
  );
}

/** Installs when node_modules is missing or does not hold what the lock names. Only the tests need what is for development. */
function installWhatIsMissing(forTests) {
  const manifest = existsSync(lockFile) ? lockFile : join(root, 'package.json');
  const wanted = `${createHash('sha256').update(readFileSync(manifest)).digest('hex')} ${forTests ? 'all' : 'run'}`;
  const stamp = readIfThere(stampFile);
  if (stamp === wanted || stamp === wanted.replace(/run$/, 'all')) return;
  if (!holdsWhatLockNames(forTests)) install();
  try {
    writeFileSync(stampFile, wanted);
  } catch {
    // A node_modules that is not ours to write (in an image): it is compared in full each time.
  }
}

function install() {
  // npm ci takes exactly what the lock names, and refuses a lock that was made where some other platform's optional
  // package could not be had; npm install takes the rest of such a lock as it is.
  const exact = existsSync(lockFile) && lockIsComplete();
  const command = exact ? 'ci' : 'install';
  console.error(`Installing Volley's dependencies (npm ${command}); this takes about a minute, once ...`);
  const options = ['--include=dev', '--no-audit', '--no-fund'].concat(exact ? [] : '--no-save');
  if (npm([command].concat(options)).status === 0) return;
  fail(
    `Installing the dependencies failed (see npm's output above): mend that, then run the same command again.`,
  );
}

function lockIsComplete() {
  const packages = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  const names = new Set(
    Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)),
  );
  return Object.values(packages).every((entry) =>
    Object.keys(entry.optionalDependencies || {}).every((name) => names.has(name)),
  );
}

/** Compares npm's own record of what it installed with the lock; what is optional may be left out on this machine. */
function holdsWhatLockNames(forTests) {
  const record = readIfThere(join(modules, '.package-lock.json'));
  const lock = readIfThere(lockFile);
  if (record === undefined) return false;
  if (lock === undefined) return true;
  const installed = JSON.parse(record).packages;
  return Object.entries(JSON.parse(lock).packages).every(([path, named]) => {
    if (path === '') return true;
    const found = installed[path];
    if (found !== undefined) return found.version === named.version && found.integrity === named.integrity;
    return Boolean(named.optional || named.devOptional || (named.dev && !forTests));
  });
}

function npm(args) {
  const options = { cwd: root, stdio: 'inherit' };
  const cli = process.env.npm_execpath;
  // Under `npm run` the very npm that was called; it need not be the one on PATH.
  if (cli && cli.endsWith('npm-cli.js')) return spawnSync(process.execPath, [cli].concat(args), options);
  return spawnSync('npm', args, options);
}

function runTests(args) {
  // Before jest, which would hide the progress of a download behind its own output.
  const ensure = typescript('runtime/embedded/ensure-binaries.ts');
  const binaries = spawnSync(process.execPath, ensure, { cwd: root, stdio: 'inherit' });
  if (binaries.status !== 0) process.exit(binaries.status || 1);
  const env = Object.assign({ NODE_ENV: 'test', TZ: 'UTC' }, process.env);
  handOver([join(modules, 'jest', 'bin', 'jest.js')].concat(args), { env, cwd: root });
}

/** Node's arguments to run a TypeScript file of ours, from whatever folder. */
function typescript(file) {
  const loader = createRequire(join(root, 'package.json')).resolve('tsx');
  return ['--import', pathToFileURL(loader).href, join(root, 'src', file)];
}

/**
 * Becomes the given Node program as far as that is possible: its terminal, our signals to it, its end as ours. The
 * channel tells it when this process is gone, so that a killed launcher leaves no stack behind; jest keeps without.
 */
function handOver(args, options) {
  const terminal = ['inherit', 'inherit', 'inherit'];
  const child = spawn(process.execPath, args, {
    cwd: options.cwd,
    env: options.supervised ? Object.assign({}, options.env, { VOLLEY_SUPERVISED: '1' }) : options.env,
    stdio: options.supervised ? terminal.concat('ipc') : terminal,
  });
  FORWARDED_SIGNALS.forEach((signal) => process.on(signal, () => child.kill(signal)));
  // npm ends by signalling a shell between it and us, which passes nothing on; nothing else ends before us under npm.
  if (options.supervised && process.env.npm_lifecycle_event) whenOrphaned(() => child.kill('SIGTERM'));
  child.on('error', (error) => fail(`Volley could not be started (${error.message}): reinstall Node.`));
  child.on('exit', (code, signal) => process.exit(signal ? 128 + (constants.signals[signal] || 0) : code));
}

function whenOrphaned(act) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    act();
  }, ORPHAN_CHECK_MS);
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
