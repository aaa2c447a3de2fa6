import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../../src/runtime/embedded/ports';
import { eventually } from '../../support/eventually';
import { Skipped } from './skipped';

export interface BenchRedis {
  readonly port: number;
  readonly pid: number;
  readonly description: string;
  /** Size of the append-only files. */
  aofBytes(): number;
  close(): Promise<void>;
}

/**
 * A Redis that loses nothing that it acknowledged: appendfsync always, the class of Postgres with synchronous_commit. The file is
 * not rewritten meanwhile, so that its size is what was written. @throws Skipped where there is no redis-server on PATH.
 */
export async function startRedis(dir: string): Promise<BenchRedis> {
  const version = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  if (version.status !== 0)
    throw new Skipped('there is no redis-server on PATH (Debian: apt-get install redis-server)');
  const data = join(dir, 'redis');
  mkdirSync(data, { recursive: true });
  const port = await freePort();
  const settings = {
    ...{ port: String(port), bind: '127.0.0.1', dir: data, save: '', daemonize: 'no', loglevel: 'warning' },
    ...{ appendonly: 'yes', appendfsync: 'always', 'auto-aof-rewrite-percentage': '0' },
    'maxmemory-policy': 'noeviction',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn('redis-server', args, { stdio: 'ignore' });
  await eventually('redis answers', () => answers(port));
  const files = join(data, 'appendonlydir');
  return {
    port,
    pid: child.pid ?? 0,
    description: `Redis ${/v=(\S+)/.exec(version.stdout)?.[1] ?? ''}, appendonly, appendfsync=always`,
    aofBytes: () => readdirSync(files).reduce((sum, file) => sum + statSync(join(files, file)).size, 0),
    async close() {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
