import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type Answerer, isAccepting, type SinkAnswer, writeAnswer } from './http-answers';
import { createWaiters } from './waiters';

/** One request as the sink saw it. */
export interface SinkRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body as JSON, undefined where it is none. */
  readonly json: unknown;
  /** `Idempotency-Key`. */
  readonly key: string | undefined;
  /** `recipient.id` of the body, where there is one. */
  readonly recipientId: string | undefined;
  /** 1 for the first request with this key. */
  readonly callOfKey: number;
  readonly atMs: number;
}

export interface HttpSink {
  readonly url: string;
  readonly port: number;
  /** Every request, in order of arrival. */
  readonly requests: readonly SinkRequest[];
  /** Calls and acceptances (2xx answers) by Idempotency-Key. */
  readonly calls: ReadonlyMap<string, number>;
  readonly accepted: ReadonlyMap<string, number>;
  /** Connections opened so far. */
  readonly connections: number;
  /** From now on: one answer for all, or a function of the request. */
  answer(next: SinkAnswer | Answerer): void;
  /** Answers for the next requests, one each; after them the standing answer again. */
  answerOnce(...next: SinkAnswer[]): void;
  waitFor(count: number, timeoutMs?: number): Promise<void>;
  waitUntil(done: (sink: HttpSink) => boolean, timeoutMs?: number): Promise<void>;
  /** What a benchmark reports: keys never accepted, keys accepted more than once, calls beyond the first. */
  totals(): { keys: number; accepted: number; duplicated: number; lost: number; repeated: number };
  /** Forgets what it saw and goes back to 200 for all. */
  reset(): void;
  close(): Promise<void>;
}

/** A real HTTP server on loopback that records what it gets and answers as told; 200 with an empty body by default. */
export async function startHttpSink(
  options: { port?: number; answer?: SinkAnswer | Answerer } = {},
): Promise<HttpSink> {
  const requests: SinkRequest[] = [];
  const calls = new Map<string, number>();
  const accepted = new Map<string, number>();
  const waiters = createWaiters();
  const once: SinkAnswer[] = [];
  let standing: SinkAnswer | Answerer = options.answer ?? {};
  let connections = 0;

  const note = (request: IncomingMessage, body: string): SinkRequest => {
    const headers = flatten(request);
    const key = headers['idempotency-key'];
    const callOfKey = key === undefined ? 1 : (calls.get(key) ?? 0) + 1;
    if (key !== undefined) calls.set(key, callOfKey);
    const json = parse(body);
    const seen = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers,
      body,
      json,
      key,
      recipientId: recipientIdOf(json),
      callOfKey,
      atMs: Date.now(),
    };
    requests.push(seen);
    return seen;
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    request.on('end', () => {
      const seen = note(request, Buffer.concat(chunks).toString('utf8'));
      waiters.changed();
      void (async () => {
        const answer = once.shift() ?? (typeof standing === 'function' ? await standing(seen) : standing);
        if (seen.key !== undefined && isAccepting(answer))
          accepted.set(seen.key, (accepted.get(seen.key) ?? 0) + 1);
        waiters.changed();
        await writeAnswer(answer, response);
      })();
    });
  });
  server.on('connection', () => {
    connections += 1;
    waiters.changed();
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const port = (server.address() as AddressInfo).port;

  const sink: HttpSink = {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    calls,
    accepted,
    get connections() {
      return connections;
    },
    answer: (next) => void (standing = next),
    answerOnce: (...next) => void once.push(...next),
    waitFor: (count, timeoutMs = 10_000) =>
      waiters.until(
        () => requests.length >= count,
        timeoutMs,
        `${count} requests (there are ${requests.length})`,
      ),
    waitUntil: (done, timeoutMs = 10_000) =>
      waiters.until(() => done(sink), timeoutMs, 'the sink to get there'),
    totals: () => ({
      keys: calls.size,
      accepted: accepted.size,
      duplicated: [...accepted.values()].filter((count) => count > 1).length,
      lost: calls.size - accepted.size,
      repeated: requests.length - calls.size,
    }),
    reset() {
      requests.length = 0;
      once.length = 0;
      calls.clear();
      accepted.clear();
      standing = {};
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return sink;
}

function flatten(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function recipientIdOf(json: unknown): string | undefined {
  const id = (json as { recipient?: { id?: unknown } } | undefined)?.recipient?.id;
  return typeof id === 'string' ? id : undefined;
}
