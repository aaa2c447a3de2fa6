import { Agent, request } from 'undici';
import { type VendorCall } from './vendors';

const agent = new Agent({ keepAliveTimeout: 30_000, connections: 64 });

/** What became of a load: times in ms, from the moment that each POST was due. */
export interface Absorbed {
  readonly events: number;
  readonly stored: number;
  readonly ms: readonly number[];
  /** From the first POST that was due to the last answer. */
  readonly seconds: number;
}

/**
 * Posts on a beat, whether or not earlier ones were answered, as vendors do, until `stop` or until there are no more: a
 * slow answer makes no later one look quick.
 * @throws where a call is refused: then it would not be the load that it is taken for.
 */
export function pacedLoad(next: () => VendorCall | undefined, everyMs: number) {
  const ms: number[] = [];
  const running = new Set<Promise<void>>();
  let failure: Error | undefined;
  let events = 0;
  let stored = 0;
  let stopped = false;
  const start = performance.now();
  const beat = async (): Promise<void> => {
    for (let place = 0; !stopped; place += 1) {
      const dueAt = start + place * everyMs;
      const waitMs = dueAt - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      const call = next();
      if (!call) return;
      const post = send(call).then(
        (took) => {
          ms.push(performance.now() - dueAt);
          events += call.events;
          stored += took;
        },
        (error: Error) => {
          failure ??= error;
        },
      );
      running.add(post);
      void post.finally(() => running.delete(post));
    }
  };
  const beating = beat();
  return {
    /** Ends the load and waits for the answers that are due. */
    async stop(): Promise<Absorbed> {
      stopped = true;
      await beating;
      await Promise.all(running);
      if (failure) throw failure;
      return { events, stored, ms, seconds: (performance.now() - start) / 1_000 };
    },
  };
}

/** As fast as `abreast` callers get their answers, for `calls` calls. */
export async function floodLoad(
  next: () => VendorCall | undefined,
  { calls, abreast }: { calls: number; abreast: number },
): Promise<Absorbed> {
  const ms: number[] = [];
  let left = calls;
  let events = 0;
  let stored = 0;
  const start = performance.now();
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const call = next();
      if (!call) return;
      const from = performance.now();
      // Not `stored += await …`: that reads the sum before it waits, and other callers add to it meanwhile.
      const took = await send(call);
      stored += took;
      ms.push(performance.now() - from);
      events += call.events;
    }
  };
  await Promise.all(Array.from({ length: abreast }, caller));
  return { events, stored, ms, seconds: (performance.now() - start) / 1_000 };
}

/** How many of its events were new to the ledger. */
async function send({ url, headers, body }: VendorCall): Promise<number> {
  const answer = await request(url, { method: 'POST', dispatcher: agent, headers, body });
  const text = await answer.body.text();
  if (answer.statusCode !== 200)
    throw new Error(`a callback got ${answer.statusCode}: ${text.slice(0, 200)}`);
  return (JSON.parse(text) as { stored: number }).stored;
}
