import { createHash } from 'node:crypto';
import {
  createTransport,
  type SendMailOptions,
  type SMTPPoolOptions,
  type SMTPPoolSentMessageInfo,
} from 'nodemailer';
import { dialChecked } from './egress/dial';
import { type Egress } from './egress/guarded-client';
import { createBudget, type Budget } from '../runtime/budget';

export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly requireTls: boolean;
  readonly poolSize: number;
  readonly auth?: { readonly user: string; readonly pass: string };
}

/** A failed send. `bodyEnded`: the end of the message had been handed to the socket. */
export class SmtpFailure extends Error {
  constructor(
    readonly reason: unknown,
    readonly bodyEnded: boolean,
  ) {
    super('The mail was not confirmed.');
  }
}

/** The right to one connection of a channel's pool. */
export interface SmtpSlot {
  /** Sends without waiting for others. Throws an SmtpFailure. */
  send(mail: SendMailOptions, signal: AbortSignal): Promise<SMTPPoolSentMessageInfo>;
  /** Once, when the call has ended. */
  release(): void;
}

export interface SmtpTransports {
  /** Waits for a connection of this channel. undefined: none came free in time, or `signal` aborted. */
  slot(channelId: string, server: SmtpServer, signal: AbortSignal): Promise<SmtpSlot | undefined>;
  close(): void;
}

/** A channel without mail for this long gives up its pool. */
const IDLE_MS = 60_000;
/** Servers dislike endless sessions. */
const MAX_MESSAGES_PER_CONNECTION = 100;

type SocketCallback = Parameters<NonNullable<SMTPPoolOptions['getSocket']>>[1];
type Pool = ReturnType<typeof createPool>;

/**
 * One pool of connections per channel and version of its settings: changed settings or credentials open a new pool and
 * let the old one finish what it holds.
 */
export function createSmtpTransports(deps: {
  egress: Egress;
  connectTimeoutMs: number;
  totalTimeoutMs: number;
  slotTimeoutMs: number;
}): SmtpTransports {
  const pools = new Map<
    string,
    { readonly version: string; readonly pool: Pool; readonly slots: Budget; usedAtMs: number; busy: number }
  >();

  const discard = (channelId: string): void => {
    pools.get(channelId)?.slots.close();
    pools.get(channelId)?.pool.close();
    pools.delete(channelId);
  };
  const dropIdle = (nowMs: number): void => {
    for (const [channelId, { busy, usedAtMs }] of pools) {
      if (busy === 0 && nowMs - usedAtMs > IDLE_MS) discard(channelId);
    }
  };
  const poolFor = (channelId: string, server: SmtpServer) => {
    const nowMs = Date.now();
    dropIdle(nowMs);
    const version = createHash('sha256').update(JSON.stringify(server)).digest('base64');
    const known = pools.get(channelId);
    if (known?.version === version) return known;
    discard(channelId);
    const slots = createBudget(server.poolSize);
    const fresh = { version, pool: createPool(deps, server), slots, usedAtMs: nowMs, busy: 0 };
    pools.set(channelId, fresh);
    return fresh;
  };

  return {
    async slot(channelId, server, signal) {
      const entry = poolFor(channelId, server);
      entry.busy += 1;
      const leave = () => {
        entry.busy -= 1;
        entry.usedAtMs = Date.now();
      };
      const hold = await entry.slots.take(1, deps.slotTimeoutMs, signal);
      if (!hold) return void leave();
      return {
        send: (mail, stopped) => entry.pool.send(mail, stopped),
        release() {
          hold.shrinkTo(0);
          leave();
        },
      };
    },
    close() {
      for (const channelId of [...pools.keys()]) discard(channelId);
    },
  };
}

function createPool(
  deps: { egress: Egress; connectTimeoutMs: number; totalTimeoutMs: number },
  server: SmtpServer,
) {
  const { connectTimeoutMs, totalTimeoutMs } = deps;
  const transport = createTransport({
    pool: true,
    host: server.host,
    port: server.port,
    secure: server.secure,
    requireTLS: server.requireTls,
    ...(server.auth ? { auth: { ...server.auth } } : {}),
    maxConnections: server.poolSize,
    maxMessages: MAX_MESSAGES_PER_CONNECTION,
    // Only connections that died before a byte of the message went out are replaced unseen; once is enough for that.
    maxRequeues: 1,
    idleTimeout: IDLE_MS,
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: connectTimeoutMs,
    socketTimeout: totalTimeoutMs,
    logger: false,
    // The library never resolves or dials: it gets a socket to an address that passed the guard.
    getSocket: (_options: SMTPPoolOptions, callback: SocketCallback) => {
      dialChecked(deps.egress, server.host, server.port, connectTimeoutMs).then(
        (connection) => callback(null, { connection }),
        (error: Error) => callback(error, false),
      );
    },
  });

  // The body of each mail under way: whether its stream has ended tells whether the server may have all of it.
  const bodies = new WeakMap<AbortSignal, { readonly readableEnded: boolean }[]>();
  transport.use('stream', (mail, done) => {
    const { message } = mail;
    const open = message.createReadStream.bind(message);
    message.createReadStream = (options) => {
      const body = open(options);
      if (mail.data.signal) bodies.get(mail.data.signal)?.push(body);
      return body;
    };
    done();
  });

  return {
    async send(mail: SendMailOptions, signal: AbortSignal): Promise<SMTPPoolSentMessageInfo> {
      const own: { readonly readableEnded: boolean }[] = [];
      bodies.set(signal, own);
      try {
        return await transport.sendMail({ ...mail, signal });
      } catch (error) {
        const bodyEnded = own.some((body) => body.readableEnded);
        throw new SmtpFailure(error, bodyEnded);
      }
    },
    close: () => transport.close(),
  };
}
