import { createHash } from 'node:crypto';
import { type ServerResponse } from 'node:http';
import { type SinkRequest } from './http-sink';

/** What the sink does with one request. Without `then` it answers and is done. */
export interface SinkAnswer {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Pause before anything is written. */
  readonly delayMs?: number;
  /**
   * - hang: reads the request and never answers.
   * - reset: reads the request and destroys the socket.
   * - slow: status and headers, then one byte now and again, for ever.
   * - huge: status and headers, then bytes without end.
   * - cut: promises more body than it sends, then destroys the socket.
   * - garbage: bytes that are no HTTP.
   */
  readonly then?: 'hang' | 'reset' | 'slow' | 'huge' | 'cut' | 'garbage';
}

export type Answerer = (request: SinkRequest) => SinkAnswer | Promise<SinkAnswer>;

/** True when the sink has told its caller that it took the request. */
export function isAccepting(answer: SinkAnswer): boolean {
  const status = answer.status ?? 200;
  return (
    status >= 200 &&
    status < 300 &&
    (answer.then === undefined || answer.then === 'slow' || answer.then === 'huge')
  );
}

export function redirectTo(location: string, status = 302): SinkAnswer {
  return { status, headers: { location } };
}

/** A share in [0, 1) that depends on the text alone, so that every run treats a recipient the same. */
export function shareOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}

/**
 * The failure mix of the side-by-side benchmark (reference/benchmarks.md A6): of all recipients 0.2 % are refused for
 * ever, 1 % get a 503 on their first two calls, 5 % on their first. Chosen by hash of the recipient, counted by key.
 */
export function mixedFailures(options: { latencyMs?: number } = {}): Answerer {
  const permanent = 0.002;
  const twice = permanent + 0.01;
  const once = twice + 0.05;
  return (request) => {
    const delay = options.latencyMs === undefined ? {} : { delayMs: options.latencyMs };
    const share = shareOf(request.recipientId ?? request.key ?? '');
    if (share < permanent) return { ...delay, status: 400 };
    if (share < twice && request.callOfKey <= 2) return { ...delay, status: 503 };
    if (share < once && request.callOfKey <= 1) return { ...delay, status: 503 };
    return delay;
  };
}

/** Writes the answer; resolves when there is nothing more to do (never waits for a hanging or endless one). */
export async function writeAnswer(answer: SinkAnswer, response: ServerResponse): Promise<void> {
  if (answer.delayMs) await new Promise((resolve) => setTimeout(resolve, answer.delayMs));
  const socket = response.socket;
  if (answer.then === 'hang') return;
  if (answer.then === 'reset' || !socket) return void socket?.resetAndDestroy();
  if (answer.then === 'garbage') return void socket.end('this is not HTTP\r\n\r\n');
  const extra = answer.then === 'cut' ? { 'content-length': '1000' } : {};
  response.writeHead(answer.status ?? 200, { ...answer.headers, ...extra });
  if (answer.then === undefined) return void response.end(answer.body ?? '');
  response.write(answer.body ?? 'x');
  if (answer.then === 'cut') return void setImmediate(() => socket.destroy());
  if (answer.then === 'slow') dripSlowly(response);
  else pourEndlessly(response);
}

function dripSlowly(response: ServerResponse): void {
  const timer = setInterval(() => response.write('x'), 50);
  response.on('close', () => clearInterval(timer));
}

function pourEndlessly(response: ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const pour = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', pour);
  pour();
}
