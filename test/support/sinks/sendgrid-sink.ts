import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { z } from 'zod';
import { type SinkAnswer } from './http-answers';
import { type HttpSink, type SinkRequest, startHttpSink } from './http-sink';

const mailbox = z.strictObject({
  email: z.string().regex(/^[^@\s]+@[^@\s]+\.[^@\s]+$/),
  name: z.string().optional(),
});
const bodies = z.array(z.strictObject({ type: z.string().min(1), value: z.string().min(1) })).min(1);
/** What Mail Send takes, by its public reference; the names of issues become the `field` of the error. */
const mailSchema = z.strictObject({
  personalizations: z
    .array(
      z.strictObject({
        to: z.array(mailbox).min(1),
        cc: z.array(mailbox).min(1).optional(),
        bcc: z.array(mailbox).min(1).optional(),
        custom_args: z.record(z.string(), z.string()).optional(),
      }),
    )
    .min(1)
    .max(1000),
  from: mailbox,
  reply_to: mailbox.optional(),
  subject: z.string().min(1),
  content: bodies,
  headers: z.record(z.string().regex(/^[!-9;-~]+$/), z.string()).optional(),
  attachments: z
    .array(
      z.strictObject({
        content: z.base64().min(1),
        type: z.string().regex(/^[^;\r\n]+$/),
        filename: z.string().regex(/^[^\r\n]+$/),
        disposition: z.enum(['inline', 'attachment']),
        content_id: z.string().optional(),
      }),
    )
    .optional(),
});
export type SunkSendgridMail = z.output<typeof mailSchema>;

const RESERVED_HEADERS =
  /^(x-sg-id|x-sg-eid|received|dkim-signature|content-type|content-transfer-encoding|to|from|subject|reply-to|cc|bcc)$/i;
const MAX_BODY_BYTES = 30 * 1024 * 1024;
const MAX_CUSTOM_ARGS_BYTES = 10_000;

export interface SignedCallback {
  readonly headers: Readonly<Record<string, string>>;
  readonly rawBody: Buffer;
}

export interface SendgridSink extends Pick<HttpSink, 'url' | 'requests' | 'waitFor'> {
  readonly apiKey: string;
  /** As SendGrid shows the verification key of the event webhook. */
  readonly eventPublicKey: string;
  /** Mails that were taken, with the id that the answer gave. */
  readonly mails: readonly { readonly id: string; readonly mail: SunkSendgridMail }[];
  /** From now on every call gets this instead of what it deserves; undefined puts that back. */
  fail(answer: SinkAnswer | undefined): void;
  /** An event of the n-th mail, as the event webhook writes it. */
  event(index: number, event: string, more?: object): Record<string, unknown>;
  /** A batch as the event webhook posts it, signed at `atMs`. */
  sign(events: unknown, atMs: number): SignedCallback;
  reset(): void;
  close(): Promise<void>;
}

/** A Mail Send API on loopback that checks what SendGrid checks, and can report events. */
export async function startSendgridSink(options: { apiKey: string }): Promise<SendgridSink> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const mails: { id: string; mail: SunkSendgridMail }[] = [];
  let failure: SinkAnswer | undefined;
  let events = 0;

  const take = (request: SinkRequest): SinkAnswer => {
    if (failure) return failure;
    const refusal = refusalOf(request, options.apiKey);
    if (refusal) return refusal;
    const id = randomBytes(16).toString('base64url');
    mails.push({ id, mail: mailSchema.parse(request.json) });
    return { status: 202, headers: { 'x-message-id': id } };
  };
  const http = await startHttpSink({ answer: take });

  return {
    url: http.url,
    requests: http.requests,
    waitFor: (count, timeoutMs) => http.waitFor(count, timeoutMs),
    apiKey: options.apiKey,
    eventPublicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    mails,
    fail: (answer) => void (failure = answer),
    event(index, event, more = {}) {
      const taken = mails[index];
      events += 1;
      return {
        email: taken?.mail.personalizations[0]?.to[0]?.email,
        timestamp: 1_700_000_000,
        'smtp-id': `<${taken?.id}@geopod-ismtpd-1>`,
        event,
        sg_event_id: `event-${events}`,
        sg_message_id: `${taken?.id}.recvd-5f54b5d587-pczjm-1-67BADEEA-6.0`,
        ...taken?.mail.personalizations[0]?.custom_args,
        ...more,
      };
    },
    sign(batch, atMs) {
      const rawBody = Buffer.from(`${JSON.stringify(batch)}\r\n`);
      const timestamp = String(Math.floor(atMs / 1000));
      const signature = sign('sha256', Buffer.concat([Buffer.from(timestamp), rawBody]), privateKey);
      return {
        rawBody,
        headers: {
          'content-type': 'application/json',
          'x-twilio-email-event-webhook-signature': signature.toString('base64'),
          'x-twilio-email-event-webhook-timestamp': timestamp,
        },
      };
    },
    reset() {
      failure = undefined;
      mails.length = 0;
      http.reset();
      http.answer(take);
    },
    close: () => http.close(),
  };
}

function refusalOf(request: SinkRequest, apiKey: string): SinkAnswer | undefined {
  if (request.method !== 'POST' || request.path !== '/v3/mail/send') return errorOf(404, 'not found', null);
  if (request.headers['authorization'] !== `Bearer ${apiKey}`) {
    return errorOf(401, 'The provided authorization grant is invalid, expired, or revoked', null);
  }
  if (!request.headers['content-type']?.startsWith('application/json')) {
    return errorOf(415, 'Content-Type should be application/json.', null);
  }
  if (Buffer.byteLength(request.body) > MAX_BODY_BYTES) return errorOf(413, 'Payload too large', null);
  const parsed = mailSchema.safeParse(request.json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return errorOf(400, issue?.message ?? 'Bad Request', issue?.path.join('.') ?? null);
  }
  return ruleBrokenBy(parsed.data);
}

function ruleBrokenBy(mail: SunkSendgridMail): SinkAnswer | undefined {
  for (const { to, cc = [], bcc = [], custom_args } of mail.personalizations) {
    const addresses = [...to, ...cc, ...bcc].map(({ email }) => email.toLowerCase());
    const repeated = addresses.find((address, index) => addresses.indexOf(address) < index);
    if (repeated !== undefined) {
      return errorOf(400, `Each email address should be unique. ${repeated} is not`, 'personalizations');
    }
    if (Buffer.byteLength(JSON.stringify(custom_args ?? {})) > MAX_CUSTOM_ARGS_BYTES) {
      return errorOf(400, 'custom_args are too large', 'custom_args');
    }
  }
  const types = mail.content.map(({ type }) => type);
  if (types.indexOf('text/plain') > 0) {
    return errorOf(400, 'text/plain has to come first', 'content');
  }
  const reserved = Object.keys(mail.headers ?? {}).find((name) => RESERVED_HEADERS.test(name));
  return reserved === undefined ? undefined : errorOf(400, `${reserved} is reserved`, 'headers');
}

/** The shape of every error: free text that may quote the request, and the path of the field. */
export function errorOf(status: number, message: string, field: string | null, headers = {}): SinkAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ errors: [{ message, field, help: null }] }),
  };
}
