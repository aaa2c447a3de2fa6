import { type SendMailOptions, type SMTPPoolSentMessageInfo } from 'nodemailer';
import { z } from 'zod';
import { type Outcome, type Provider, type SendRequest } from './contract';
import { returnPath, type TokenSigner } from './callbacks/return-path';
import { type Egress } from './egress/guarded-client';
import { isEmailAddress, isIdentityPattern } from './email-address';
import { isHeaderText } from './email-headers';
import { buildMail } from './smtp-message';
import { outcomeOfSmtpError } from './smtp-outcome';
import { createSmtpTransports, SmtpFailure, type SmtpServer } from './smtp-transport';
import { stopper } from './stopper';

/** Longer than any mail domain; a path of more than 256 characters is refused by servers (RFC 5321, 4.5.3.1.3). */
const DOMAIN = /^(?=.{4,180}$)[a-z0-9-]+(?:\.[a-z0-9-]+)+$/;
const HOST = /^[A-Za-z0-9.:[\]-]{1,253}$/;

const settingsSchema = z.strictObject({
  host: z.string().regex(HOST, 'must be a host name or an IP address'),
  port: z.int().min(1).max(65_535),
  /** TLS from the first byte (port 465). Otherwise STARTTLS where the server offers it. */
  secure: z.boolean().optional(),
  /** Refuse to go on without TLS. Default: when there are credentials, which nobody else should read. */
  requireTls: z.boolean().optional(),
  /** From addresses or `@domain` that the channel may send as. */
  identities: z
    .array(z.string().refine(isIdentityPattern, 'must be an address or @domain'))
    .min(1)
    .max(100)
    .refine(
      ([first]) => first !== undefined && isEmailAddress(first),
      'the first must be an address: it is the default',
    ),
  defaultFromName: z.string().max(100).refine(isHeaderText, 'must be one line').optional(),
  /** Bounces come back to `bounce+…@` this domain (docs/callbacks.md). Absent: to the From address. */
  returnPathDomain: z
    .string()
    .regex(DOMAIN, 'must be a host name in lower case, such as bounces.example.com')
    .optional(),
  /** Connections kept to the server. */
  poolSize: z.int().min(1).max(50).default(5),
});
export type SmtpSettings = z.output<typeof settingsSchema>;

const credentialsSchema = z.strictObject({
  user: z.string().max(256).optional(),
  pass: z.string().max(1024).optional(),
});
export type SmtpCredentials = z.output<typeof credentialsSchema>;

const IMPLICIT_TLS_PORT = 465;
const CONNECT_TIMEOUT_MS = 10_000;
/** A busy server may take its time over the reply to DATA. */
const TOTAL_TIMEOUT_MS = 60_000;
/** For a connection of the pool, before the call begins. Who had none by then gives its place to others, and comes again. */
const SLOT_TIMEOUT_MS = 20_000;
const POOL_BUSY: Outcome = {
  type: 'throttled',
  code: 'pool_busy',
  message: 'All connections of the channel were in use; nothing was sent.',
  retryAfterMs: 2_000,
};

/** E-mail over anybody's SMTP server. SMTP has no idempotency keys: the window is 0, and the Message-ID only traces. */
export function createSmtp(deps: {
  egress: Egress;
  /** Signs return paths. Absent where nothing is sent: mails then go out from the From address. */
  returnPaths?: TokenSigner | undefined;
  /** For tests. */
  timeouts?: { readonly connectMs: number; readonly totalMs: number; readonly slotMs?: number };
}): Provider<SmtpSettings, SmtpCredentials> & { close(): void } {
  const {
    connectMs = CONNECT_TIMEOUT_MS,
    totalMs = TOTAL_TIMEOUT_MS,
    slotMs = SLOT_TIMEOUT_MS,
  } = deps.timeouts ?? {};
  const transports = createSmtpTransports({
    egress: deps.egress,
    connectTimeoutMs: connectMs,
    totalTimeoutMs: totalMs,
    slotTimeoutMs: slotMs,
  });

  return {
    name: 'smtp',
    kinds: ['email'],
    settings: settingsSchema,
    credentials: credentialsSchema,
    totalTimeoutMs: slotMs + totalMs,
    dedupeWindowMs: () => 0,
    identities: (settings) => settings.identities,
    endpoint: ({ host, port, requireTls, ...rest }) => {
      const secure = isSecure({ port, ...rest });
      return { host: host.toLowerCase(), port, secure, requireTls: secure || requireTls !== false };
    },
    close: () => transports.close(),
    async send(request, signal) {
      const { channel } = request;
      const built = buildMail(request, channel.settings);
      if (!built.ok) return built.outcome;
      const server = serverOf(channel.settings, channel.credentials);
      const slot = await transports.slot(channel.id, server, signal);
      if (!slot) return signal.aborted ? outcomeOfSmtpError({}, false, 'aborted') : POOL_BUSY;
      const stop = stopper(signal, totalMs);
      try {
        const info = await slot.send(withReturnPath(built.mail, request), stop.signal);
        return outcomeOfInfo(info, built.primary);
      } catch (error) {
        const failure = error instanceof SmtpFailure ? error : new SmtpFailure(error, false);
        return outcomeOfSmtpError(failure.reason, failure.bodyEnded, stop.cause());
      } finally {
        stop.clear();
        slot.release();
      }
    },
  };

  /** The envelope alone: what recipients see stays the From of the mail. */
  function withReturnPath(mail: SendMailOptions, request: SendRequest<SmtpSettings>): SendMailOptions {
    const domain = request.channel.settings.returnPathDomain;
    if (domain === undefined || !deps.returnPaths) return mail;
    const token = deps.returnPaths.sign(request.workspaceId, request.deliveryId);
    return { ...mail, envelope: { ...mail.envelope, from: returnPath(token, domain) } };
  }
}

function isSecure({ secure, port }: Pick<SmtpSettings, 'secure' | 'port'>): boolean {
  return secure ?? port === IMPLICIT_TLS_PORT;
}

function serverOf(settings: SmtpSettings, { user, pass }: SmtpCredentials): SmtpServer {
  const auth = user === undefined ? undefined : { user, pass: pass ?? '' };
  const secure = isSecure(settings);
  return {
    host: settings.host,
    port: settings.port,
    secure,
    requireTls: !secure && (settings.requireTls ?? auth !== undefined),
    poolSize: settings.poolSize,
    ...(auth ? { auth } : {}),
  };
}

/**
 * The server took the message for at least one recipient. Where it refused the one that the message is about, somebody
 * else has it: a refusal for now is not "not taken", and one for good must not be sent by another route.
 */
function outcomeOfInfo(info: SMTPPoolSentMessageInfo, primary: string): Outcome {
  const refusal = info.rejectedErrors?.find((error) => error.recipient === primary);
  if (!refusal) return { type: 'accepted', vendorId: queueIdOf(info.response) ?? info.messageId };
  const verdict = outcomeOfSmtpError(refusal, false, undefined);
  if (verdict.type === 'permanent') return { ...verdict, othersHaveIt: true };
  if (verdict.type === 'accepted') return verdict;
  return { ...verdict, type: 'ambiguous' };
}

/** Postfix, Exim and others name their queue id in the reply to DATA: what an operator greps for in the server's log. */
function queueIdOf(response: string): string | undefined {
  return /\b(?:queued as|id=|queued mail id|message[- ]?id[:=])\s*<?([A-Za-z0-9][A-Za-z0-9._-]{3,100})/i.exec(
    response,
  )?.[1];
}
