import { type Dispatcher } from 'undici';
import { EgressError, toEgressError } from './errors';

export interface EgressRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Default 5,000 ms: a host that is up answers a handshake far sooner. */
  readonly connectTimeoutMs?: number;
  /** From the call to the last byte of the answer. Default 15,000 ms. */
  readonly totalTimeoutMs?: number;
  /** Default 64 kB: vendors' answers are short, and nobody else's memory is theirs. */
  readonly maxResponseBytes?: number;
  readonly signal?: AbortSignal;
}

/** One request that passed the rules of `guarded-client`. Times in ms. */
export interface Exchange {
  readonly url: URL;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | null;
  readonly totalTimeoutMs: number;
  readonly maxResponseBytes: number;
  readonly signal: AbortSignal | undefined;
}

export interface EgressResponse {
  readonly status: number;
  /** Names in lower case; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most `maxResponseBytes`. */
  readonly body: Buffer;
  /** The body was longer, or broke off, or did not end in time: the status is the verdict, the body is a part. */
  readonly truncated: boolean;
}

/**
 * Runs one exchange and tells how far it got. `onRequestStart` comes when a connection is ready and before the first
 * byte is written, so an error before it is provably "not sent". undici itself never repeats a request here (no
 * pipelining, no retry agent, no redirect interceptor).
 */
export function exchange(dispatcher: Dispatcher, call: Exchange): Promise<EgressResponse> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let head: { status: number; headers: Record<string, string> } | undefined;
    let settled = false;
    const chunks: Buffer[] = [];
    let receivedBytes = 0;

    const settle = (finish: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', onAbort);
      finish();
    };
    const answer = (truncated: boolean): void => {
      const { status, headers } = head ?? { status: 0, headers: {} };
      const body = Buffer.concat(chunks).subarray(0, call.maxResponseBytes);
      settle(() => resolve({ status, headers, body, truncated }));
    };
    const giveUp = (code: 'timeout' | 'aborted', message: string): void => {
      // Once a status is there the verdict is known, however long the rest takes.
      if (head && code === 'timeout') answer(true);
      else settle(() => reject(new EgressError(controller ? 'sent' : 'connect', code, message)));
      controller?.abort(new Error(message));
    };
    const onAbort = (): void => giveUp('aborted', 'The call was stopped.');
    const timer = setTimeout(() => giveUp('timeout', 'No answer came in time.'), call.totalTimeoutMs);

    if (call.signal?.aborted) return onAbort();
    call.signal?.addEventListener('abort', onAbort, { once: true });

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        // Given up while waiting for a connection: stopped before a byte is written.
        if (settled) started.abort(new Error('The call was given up.'));
        else controller = started;
      },
      onResponseStart(_controller, status, headers) {
        if (status >= 200) head = { status, headers: flatten(headers) };
      },
      onResponseData(active, chunk) {
        if (settled) return;
        chunks.push(chunk);
        receivedBytes += chunk.length;
        if (receivedBytes <= call.maxResponseBytes) return;
        answer(true);
        active.abort(new Error('The answer is longer than wanted.'));
      },
      onResponseEnd: () => answer(false),
      onResponseError(_controller, error) {
        if (head) answer(true);
        else settle(() => reject(toEgressError(error, controller ? 'sent' : 'connect')));
      },
    };
    try {
      dispatcher.dispatch(optionsOf(call), handler);
    } catch (error) {
      settle(() => reject(toEgressError(error, 'connect')));
    }
  });
}

function optionsOf(call: Exchange): Dispatcher.DispatchOptions {
  return {
    origin: call.url.origin,
    path: `${call.url.pathname}${call.url.search}`,
    method: call.method,
    headers: call.headers,
    body: call.body,
    // Our one timer above rules the whole call.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
