import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Piece } from './liquid-engine';
import { type ThreadReply, type ThreadRequest } from './liquid-thread';
import { createTurns } from './turns';

export type PoolResult =
  | { readonly ok: true; readonly outputs: readonly string[] }
  | { readonly ok: false; readonly detail: string };

/** The pool as one workspace has it. */
export interface LiquidLane {
  /** Outputs in the order of the pieces. Rejects only when no thread can be had. */
  liquid(pieces: readonly Piece[], scope: object): Promise<PoolResult>;
  /** The plain text of an HTML body, as the only output. */
  plain(html: string): Promise<PoolResult>;
}

export interface LiquidPool {
  of(workspaceId: string): LiquidLane;
  close(): Promise<void>;
}

export interface PoolOptions {
  /** Two, so that one hostile template does not hold up everybody else; each takes about 15 MB. */
  readonly threads?: number;
  /** When a thread is killed. Twice what the engine's own limit allows, so only what that misses gets here. */
  readonly timeLimitMs?: number;
}

interface Job {
  readonly request: ThreadRequest;
  readonly resolve: (result: PoolResult) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  ready: boolean;
  job: Job | undefined;
  timer: NodeJS.Timeout | undefined;
}

const CLOSED = 'The renderer is closed';
/** A timer this late means that the process was stopped or starved. */
const STALL_MS = 250;

const HEAP = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

/** Undefined for what has no JSON: cycles, bigints. */
function toJson(value: object): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** Beside this file, in the same language: from TypeScript sources the thread needs the loader that its parent has. */
function spawn(): Worker {
  const extension = extname(__filename);
  return new Worker(join(__dirname, `liquid-thread${extension}`), {
    execArgv: extension === '.ts' ? ['--require', require.resolve('tsx/cjs')] : [],
    env: {},
    resourceLimits: HEAP,
  });
}

/**
 * Threads that render, one job each at a time. Liquid's limits are asked at every node, but one filter or the HTML
 * parser can work for seconds in between: such a thread is killed, its message fails, and the next one gets a new
 * thread. Its heap is bounded too, and it sees no environment. Workspaces whose jobs wait take turns, so that one's slow
 * templates hold up nobody else's for longer than the jobs that have a thread.
 */
export function createLiquidPool({ threads: size = 2, timeLimitMs = 2_000 }: PoolOptions = {}): LiquidPool {
  const threads = new Set<Thread>();
  const queue = createTurns<Job>();
  let closed = false;

  function start(): void {
    const thread: Thread = { worker: spawn(), ready: false, job: undefined, timer: undefined };
    threads.add(thread);
    thread.worker.on('message', (reply: ThreadReply) => onReply(thread, reply));
    thread.worker.on('error', (error) => onDeath(thread, error));
    thread.worker.on('exit', () => onDeath(thread, new Error('The rendering thread ended by itself')));
  }

  function release(thread: Thread): Job | undefined {
    const { job } = thread;
    clearTimeout(thread.timer);
    thread.job = undefined;
    return job;
  }

  function onReply(thread: Thread, reply: ThreadReply): void {
    if (reply.type === 'ready') thread.ready = true;
    else {
      const job = release(thread);
      if (reply.type === 'done') job?.resolve({ ok: true, outputs: reply.outputs });
      else job?.resolve({ ok: false, detail: reply.detail });
    }
    pump();
  }

  function onDeath(thread: Thread, error: Error): void {
    if (!threads.delete(thread)) return;
    const job = release(thread);
    if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')
      job?.resolve({ ok: false, detail: 'needed more memory than a render may use' });
    else job?.reject(error);
    // A thread that never came up says the same about the next one: fail what waits instead of spinning.
    if (!thread.ready) for (const waiting of queue.takeAll()) waiting.reject(error);
    pump();
  }

  /**
   * The clock starts when the job does. A process that was itself held up says nothing about the template: the job gets
   * its time again, and an answer that waits behind this very timer is taken first.
   */
  function onTimeLimit(thread: Thread, job: Job, dueMs: number): void {
    setImmediate(() => {
      if (thread.job !== job) return;
      if (performance.now() > dueMs + STALL_MS) return watch(thread, job);
      threads.delete(thread);
      release(thread)?.resolve({ ok: false, detail: `took longer than ${timeLimitMs} ms` });
      void thread.worker.terminate();
      pump();
    });
  }

  function watch(thread: Thread, job: Job): void {
    const dueMs = performance.now() + timeLimitMs;
    thread.timer = setTimeout(() => onTimeLimit(thread, job, dueMs), timeLimitMs);
  }

  function run(thread: Thread, job: Job): void {
    thread.job = job;
    watch(thread, job);
    thread.worker.ref();
    thread.worker.postMessage(job.request);
  }

  function pump(): void {
    for (const thread of threads) {
      if (!thread.ready || thread.job) continue;
      const job = queue.shift();
      if (job) run(thread, job);
      else thread.worker.unref();
    }
    const starting = [...threads].filter((thread) => !thread.ready).length;
    if (queue.size() > starting && threads.size < size) start();
  }

  function submit(workspaceId: string, request: ThreadRequest): Promise<PoolResult> {
    if (closed) return Promise.reject(new Error(CLOSED));
    return new Promise((resolve, reject) => {
      queue.push(workspaceId, { request, resolve, reject });
      pump();
    });
  }

  return {
    of: (workspaceId) => ({
      liquid(pieces, scope) {
        const scopeJson = toJson(scope);
        if (scopeJson === undefined) return Promise.resolve({ ok: false, detail: 'the data is no JSON' });
        return submit(workspaceId, { type: 'liquid', pieces, scopeJson });
      },
      plain: (html) => submit(workspaceId, { type: 'plain', html }),
    }),
    async close() {
      closed = true;
      for (const waiting of queue.takeAll()) waiting.reject(new Error(CLOSED));
      const ended = [...threads].map((thread) => thread.worker.terminate());
      await Promise.all(ended);
    },
  };
}
