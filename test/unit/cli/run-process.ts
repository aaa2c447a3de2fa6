import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Readable } from 'node:stream';

const ROOT = join(__dirname, '../../..');

export interface RunningProcess {
  readonly child: ChildProcess;
  /** Standard output and error so far. */
  readonly text: () => string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Node with TypeScript in a process of its own, with nothing of this one's environment but PATH, and a channel to it. */
export function runProcess(env: Record<string, string>, ...words: string[]): RunningProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', ...words], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let text = '';
  const streams = [child.stdout, child.stderr] as Readable[];
  for (const stream of streams) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  // Not 'close', which never comes once the channel was closed from this side.
  const parts = [child, ...streams].map((part, index) => once(part, index === 0 ? 'exit' : 'end'));
  const ended = Promise.all(parts).then(([exit]) => (exit?.[0] ?? exit?.[1]) as number | NodeJS.Signals);
  return { child, text: () => text, ended };
}

/** The real program. */
export function runVolley(env: Record<string, string>, ...words: string[]): RunningProcess {
  return runProcess(env, 'src/cli.ts', ...words);
}
