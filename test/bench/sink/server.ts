/**
 * The receiver, a process of its own: `server.ts <latency in ms>`. Takes `{"recipient": {"id": …}}` at POST /send, answers by the
 * recipient's fate after a fixed time, and remembers every call. POST /reset forgets, GET /dump tells for each recipient, GET /calls for
 * each call in order. Reports its port by IPC.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { nowMs } from '../contract';
import { type SinkCall } from './control';
import { answerTo } from './failures';

interface Seen {
  calls: number;
  accepted: number;
  /** When the first acceptance was answered. */
  acceptedAtMs: number;
  keys: Set<string>;
}

const latencyMs = Number(process.argv[2] ?? 0);
let seen = new Map<string, Seen>();
let calls: SinkCall[] = [];
let firstCallMs = 0;

const server = createServer((request, response) => {
  if (request.url === '/dump') return answer(response, 200, dump());
  if (request.url === '/calls') return answer(response, 200, calls);
  if (request.url === '/reset') {
    seen = new Map();
    calls = [];
    firstCallMs = 0;
    return answer(response, 200, {});
  }
  void readBody(request).then((text) => take(request, response, text));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit(0));

function take(request: IncomingMessage, response: ServerResponse, text: string): void {
  if (firstCallMs === 0) firstCallMs = nowMs();
  const id = (JSON.parse(text) as { recipient: { id: string } }).recipient.id;
  const entry = seen.get(id) ?? { calls: 0, accepted: 0, acceptedAtMs: 0, keys: new Set<string>() };
  seen.set(id, entry);
  entry.calls += 1;
  entry.keys.add(String(request.headers['idempotency-key']));
  const status = answerTo(id, entry.calls);
  calls.push({ id, key: String(request.headers['idempotency-key']), atMs: nowMs(), taken: status === 200 });
  const finish = (): void => {
    if (status === 200) {
      if (entry.accepted === 0) entry.acceptedAtMs = nowMs();
      entry.accepted += 1;
    }
    answer(response, status, { id });
  };
  if (latencyMs === 0) finish();
  else setTimeout(finish, latencyMs);
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function dump(): unknown {
  return {
    firstCallMs,
    recipients: Object.fromEntries(
      [...seen].map(([id, { calls, accepted, acceptedAtMs, keys }]) => [
        id,
        { calls, accepted, acceptedAtMs, keys: keys.size },
      ]),
    ),
  };
}
