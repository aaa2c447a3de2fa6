import { type AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface DemoMail {
  readonly from: string;
  readonly to: readonly string[];
  /** The message as it came over the wire, headers and all. */
  readonly raw: string;
}

export interface DemoInbox {
  readonly port: number;
  /** Messages taken so far; only the last few are kept. */
  count(): number;
  /** The newest messages, oldest first. */
  last(): readonly DemoMail[];
  close(): Promise<void>;
}

/** Enough to print some, few enough that a demo of any size stays small in memory. */
const KEEP_DEFAULT = 10;
/** Larger than any message Volley sends (10 MB of attachments, encoded). */
const MAX_MESSAGE_BYTES = 20 * 1024 * 1024;

/**
 * A mailbox for the demo: takes every mail on loopback, counts it, keeps the last few. No TLS and no login, which is
 * why it binds to 127.0.0.1 only. `port` 0 picks a free one; rejects if the port is taken.
 */
export async function startDemoInbox(options: { port?: number; keep?: number } = {}): Promise<DemoInbox> {
  const keep = options.keep ?? KEEP_DEFAULT;
  const kept: DemoMail[] = [];
  let count = 0;

  const server = new SMTPServer({
    logger: false,
    disableReverseLookup: true,
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    size: MAX_MESSAGE_BYTES,
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        count += 1;
        kept.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map((recipient) => recipient.address),
          raw: Buffer.concat(chunks).toString('utf8'),
        });
        if (kept.length > keep) kept.shift();
        done(null, `queued as demo-${count}`);
      });
    },
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', () => {
      // After start-up only connections fail (a sender killed in the middle): no reason to end the demo.
      server.removeListener('error', reject);
      server.on('error', () => undefined);
      resolve();
    });
  });

  return {
    port: (server.server.address() as AddressInfo).port,
    count: () => count,
    last: () => [...kept],
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
