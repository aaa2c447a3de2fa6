import { type AddressInfo, type Socket } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import { createWaiters } from './waiters';

/** What to do at one step: nothing (accept), refuse with a reply, say nothing for ever, or cut the connection. */
export type SmtpStep = { readonly code: number; readonly message: string } | 'hang' | 'drop';

/** Steps that go wrong. `data` comes after the whole message was read, `dataCommand` is not reached by it. */
export interface SmtpScript {
  readonly connect?: SmtpStep;
  readonly auth?: SmtpStep;
  readonly mail?: SmtpStep;
  readonly rcpt?: SmtpStep | ((address: string) => SmtpStep | undefined);
  readonly data?: SmtpStep;
}

/** One message that was read to its end. `accepted` says whether the sink answered 250. */
export interface SunkMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  readonly parsed: ParsedMail;
  readonly messageId: string | undefined;
  readonly accepted: boolean;
  readonly user: string | undefined;
}

export interface SmtpSink {
  readonly port: number;
  /** Accepted mails, in order of arrival. */
  readonly mails: readonly SunkMail[];
  /** Everything read to its end, also what was then refused or dropped. */
  readonly seen: readonly SunkMail[];
  readonly connections: number;
  /** What goes wrong from now on. */
  script(next: SmtpScript): void;
  /** What goes wrong with the next messages, one each (by message, at whichever step comes first). */
  scriptOnce(...next: SmtpScript[]): void;
  waitFor(count: number, timeoutMs?: number): Promise<void>;
  waitUntil(done: (sink: SmtpSink) => boolean, timeoutMs?: number): Promise<void>;
  reset(): void;
  close(): Promise<void>;
}

export interface SmtpSinkOptions {
  readonly port?: number;
  /** Demands these credentials; without them AUTH is not offered. */
  readonly auth?: { readonly user: string; readonly pass: string };
  /** Offers STARTTLS with a self-signed certificate. */
  readonly starttls?: boolean;
}

type Done = (error?: Error | null) => void;

/** A real SMTP server on loopback that keeps what it gets, parsed, and fails as told. */
export async function startSmtpSink(options: SmtpSinkOptions = {}): Promise<SmtpSink> {
  const mails: SunkMail[] = [];
  const seen: SunkMail[] = [];
  const once: SmtpScript[] = [];
  const sockets = new Map<number, Socket>();
  const waiters = createWaiters();
  let standing: SmtpScript = {};
  let connections = 0;
  const current = (): SmtpScript => once[0] ?? standing;

  const play = (step: SmtpStep | undefined, session: SMTPServerSession, done: Done): void => {
    if (step === undefined) return done();
    once.shift();
    if (step === 'hang') return;
    if (step === 'drop') return void sockets.get(session.remotePort)?.destroy();
    done(Object.assign(new Error(step.message), { responseCode: step.code }));
  };

  const server = new SMTPServer({
    logger: false,
    disableReverseLookup: true,
    authOptional: !options.auth,
    allowInsecureAuth: true,
    disabledCommands: [...(options.starttls ? [] : ['STARTTLS']), ...(options.auth ? [] : ['AUTH'])],
    onConnect: (session, done) => play(current().connect, session, done),
    onAuth: (given, session, done) => {
      if (current().auth) return play(current().auth, session, (error) => done(error ?? null));
      const right = given.username === options.auth?.user && given.password === options.auth?.pass;
      if (right) return done(null, { user: given.username });
      done(Object.assign(new Error('5.7.8 Authentication credentials invalid'), { responseCode: 535 }));
    },
    onMailFrom: (_address, session, done) => play(current().mail, session, done),
    onRcptTo: (address, session, done) => {
      const { rcpt } = current();
      play(typeof rcpt === 'function' ? rcpt(address.address) : rcpt, session, done);
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const step = current().data;
        void keep(Buffer.concat(chunks), session, step === undefined).then(() => {
          if (step === undefined) once.shift();
          play(step, session, done);
        });
      });
    },
  });

  async function keep(raw: Buffer, session: SMTPServerSession, accepted: boolean): Promise<void> {
    const parsed = await simpleParser(raw);
    const { mailFrom, rcptTo } = session.envelope;
    const mail: SunkMail = {
      from: mailFrom === false ? '' : mailFrom.address,
      to: rcptTo.map((recipient) => recipient.address),
      raw: raw.toString('utf8'),
      parsed,
      messageId: parsed.messageId,
      accepted,
      user: typeof session.user === 'string' ? session.user : undefined,
    };
    seen.push(mail);
    if (accepted) mails.push(mail);
    waiters.changed();
  }

  server.on('error', () => undefined);
  server.server.on('connection', (socket: Socket) => {
    const remotePort = socket.remotePort ?? 0;
    connections += 1;
    sockets.set(remotePort, socket);
    socket.on('close', () => sockets.delete(remotePort));
    waiters.changed();
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));

  const sink: SmtpSink = {
    port: (server.server.address() as AddressInfo).port,
    mails,
    seen,
    get connections() {
      return connections;
    },
    script: (next) => void (standing = next),
    scriptOnce: (...next) => void once.push(...next),
    waitFor: (count, timeoutMs = 10_000) =>
      waiters.until(() => mails.length >= count, timeoutMs, `${count} mails (there are ${mails.length})`),
    waitUntil: (done, timeoutMs = 10_000) =>
      waiters.until(() => done(sink), timeoutMs, 'the sink to get there'),
    reset() {
      mails.length = 0;
      seen.length = 0;
      once.length = 0;
      standing = {};
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets.values()) socket.destroy();
      }),
  };
  return sink;
}
