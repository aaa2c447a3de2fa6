import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { listenOn } from './listen';

/** What came, and whether its signature held. */
export type Heard =
  | {
      readonly verified: true;
      readonly id: string;
      readonly type: string;
      /** ISO 8601: when it happened. */
      readonly timestamp: string;
      readonly data: Readonly<Record<string, unknown>>;
    }
  | { readonly verified: false; readonly problem: string };

export interface WebhookListener {
  readonly url: string;
  /** From then on calls are verified with this secret; before it every call is answered 503, and tried again later. */
  useSecret(secret: string): void;
  close(): Promise<void>;
}

/** Volley's webhooks are a few kB. */
const MAX_BODY_BYTES = 1_000_000;

/**
 * A receiver on loopback, as a consumer would write it: verifies by the Standard Webhooks library, answers, then looks.
 * @throws OperatorError where the port cannot be had.
 */
export async function startWebhookListener(options: {
  port: number;
  onHeard: (heard: Heard) => void;
}): Promise<WebhookListener> {
  let webhook: Webhook | undefined;
  const server = createServer((request, response) => {
    readAll(request).then(
      (body) => answer(request, response, body),
      () => response.writeHead(413).end(),
    );
  });
  const instead = 'give --port a free one, or 0 to have one picked';
  await listenOn(server, { host: '127.0.0.1', port: options.port, instead });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    useSecret: (secret) => void (webhook = new Webhook(secret)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  function answer(request: IncomingMessage, response: ServerResponse, body: string): void {
    if (!webhook) return void response.writeHead(503).end();
    const heard = hear(webhook, request, body);
    response.writeHead(heard.verified ? 204 : 401).end();
    options.onHeard(heard);
  }
}

function hear(webhook: Webhook, request: IncomingMessage, body: string): Heard {
  const header = (name: string): string => String(request.headers[name] ?? '');
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;
  try {
    const told = webhook.verify(body, Object.fromEntries(names.map((name) => [name, header(name)]))) as Omit<
      Extract<Heard, { verified: true }>,
      'id' | 'verified'
    >;
    return { ...told, verified: true, id: header('webhook-id') };
  } catch (error) {
    return { verified: false, problem: (error as Error).message };
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new RangeError('too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
