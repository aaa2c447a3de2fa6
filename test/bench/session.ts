import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { z } from 'zod';
import { marksSchema, type FinalState, type Marks } from './contract';
import { type Place, type Question } from './program';
import { type Runtime } from './runtime';

const answerSchema = z.union([
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), message: z.string() }),
]);
const statesSchema = z.record(z.string(), z.enum(['sent', 'failed']));
/** A worker that drains takes its time; one that hangs is killed. */
const CLOSE_TIMEOUT_MS = 60_000;

export interface Session {
  readonly pid: number;
  run(run: string, n: number, timeoutMs: number): Promise<Marks>;
  states(run: string): Promise<Record<string, FinalState>>;
  close(): Promise<void>;
}

/** Starts a contestant's process and opens it. What it prints goes to `logFile`. @throws Error with what it said. */
export async function openSession(
  runtime: Runtime,
  file: string,
  place: Place,
  logFile: string,
): Promise<Session> {
  const child = fork(file, [], { ...runtime, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  const session: Session = {
    pid: child.pid ?? 0,
    run: async (run, n, timeoutMs) => marksSchema.parse(await ask(child, { type: 'run', run, n }, timeoutMs)),
    states: async (run) => statesSchema.parse(await ask(child, { type: 'states', run })),
    async close() {
      await ask(child, { type: 'close' }, CLOSE_TIMEOUT_MS).catch(() => undefined);
      if (child.connected) child.disconnect();
      const killer = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      clearTimeout(killer);
      log.end();
    },
  };
  try {
    await ask(child, { type: 'open', place });
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function ask(child: ChildProcess, question: Question, timeoutMs = 300_000): Promise<unknown> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), timeoutMs);
  try {
    if (child.exitCode !== null) throw new Error('its process has ended');
    const answer = once(child, 'message', { signal: over.signal });
    const gone = once(child, 'exit', { signal: over.signal }).then(() => {
      throw new Error(`its process ended during "${question.type}"`);
    });
    child.send(question);
    const [raw] = (await Promise.race([answer, gone])) as [unknown];
    const parsed = answerSchema.parse(raw);
    if (!parsed.ok) throw new Error(parsed.message);
    return parsed.value;
  } catch (error) {
    if (over.signal.aborted)
      throw new Error(`not done with "${question.type}" after ${timeoutMs / 1000} s`, { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}
