import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';
import { type Runtime } from '../runtime';

const dumpSchema = z.object({
  /** 0 while nothing has called. */
  firstCallMs: z.number(),
  recipients: z.record(
    z.string(),
    z.object({ calls: z.int(), accepted: z.int(), acceptedAtMs: z.number(), keys: z.int() }),
  ),
});
export type SinkDump = z.output<typeof dumpSchema>;

const callSchema = z.object({
  /** Of the recipient. */
  id: z.string(),
  /** The Idempotency-Key. */
  key: z.string(),
  /** When it had been read, on the clock of `nowMs`. */
  atMs: z.number(),
  /** It is, or will be, answered with 200. */
  taken: z.boolean(),
});
export type SinkCall = z.output<typeof callSchema>;

export interface Sink {
  readonly url: string;
  reset(): Promise<void>;
  dump(): Promise<SinkDump>;
  /** Every call since the last reset, in order. */
  calls(): Promise<SinkCall[]>;
  close(): Promise<void>;
}

/** Starts the receiver as a process of its own. Not counted in anyone's CPU: it is the same for all. */
export async function startSink(runtime: Runtime, latencyMs: number): Promise<Sink> {
  const child = fork(join(__dirname, 'server.ts'), [String(latencyMs)], runtime);
  const [message] = (await once(child, 'message')) as [unknown];
  const { port } = z.object({ port: z.int() }).parse(message);
  const base = `http://127.0.0.1:${port}`;
  return {
    url: `${base}/send`,
    async reset() {
      await (await fetch(`${base}/reset`, { method: 'POST' })).text();
    },
    dump: async () => dumpSchema.parse(await (await fetch(`${base}/dump`)).json()),
    calls: async () => z.array(callSchema).parse(await (await fetch(`${base}/calls`)).json()),
    async close() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
