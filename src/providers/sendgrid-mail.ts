import { type FetchedAttachment, type Outcome, type SendRequest } from './contract';
import { toAsciiAddress } from './email-address';
import { buildMail, type SenderSettings } from './smtp-message';

interface Mailbox {
  readonly email: string;
  readonly name?: string;
}

/** The body of `POST /v3/mail/send`, as far as Volley uses it. */
export interface SendgridMail {
  readonly personalizations: readonly [
    {
      readonly to: readonly Mailbox[];
      readonly cc?: readonly Mailbox[];
      readonly bcc?: readonly Mailbox[];
      readonly custom_args: Readonly<Record<string, string>>;
    },
  ];
  readonly from: Mailbox;
  readonly reply_to?: Mailbox;
  readonly subject: string;
  readonly content: readonly { readonly type: 'text/plain' | 'text/html'; readonly value: string }[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly attachments?: readonly {
    readonly content: string;
    readonly type: string;
    readonly filename: string;
    readonly disposition: 'inline' | 'attachment';
    readonly content_id?: string;
  }[];
}

export type BuiltSendgridMail =
  { readonly ok: true; readonly mail: SendgridMail } | { readonly ok: false; readonly outcome: Outcome };

/**
 * One personalization for one delivery. Addresses, sender, headers and names pass the same checks as for SMTP; a subject
 * and a body are wanted besides, because SendGrid refuses a mail without either.
 */
export function buildSendgridMail(request: SendRequest, settings: SenderSettings): BuiltSendgridMail {
  const checked = buildMail(request, settings);
  if (!checked.ok) return checked;
  const { content } = request;
  const subject = wellFormed(content.title ?? '');
  if (subject.trim() === '') return refused('subject_missing', 'SendGrid takes no mail without a subject.');
  const bodies = [
    { type: 'text/plain' as const, value: wellFormed(content.text) },
    { type: 'text/html' as const, value: wellFormed(content.html ?? '') },
  ].filter(({ value }) => value !== '');
  if (bodies.length === 0) return refused('content_missing', 'SendGrid takes no mail without a body.');

  const headers = headersOf(checked.mail.headers as Record<string, string>, checked.mail.inReplyTo);
  const replyTo = replyToOf(request.content.headers);
  const fromName = wellFormed((request.from ? request.from.name : settings.defaultFromName) ?? '');
  const [to, cc, bcc] = apart([[request.to, ...request.alsoTo], request.cc, request.bcc]);
  return {
    ok: true,
    mail: {
      personalizations: [
        {
          to: to ?? [],
          ...(cc?.length ? { cc } : {}),
          ...(bcc?.length ? { bcc } : {}),
          custom_args: {
            volley_workspace: request.workspaceId,
            volley_message: request.messageId,
            volley_delivery: request.deliveryId,
          },
        },
      ],
      from: mailbox(request.from?.address ?? settings.identities[0] ?? '', fromName),
      ...(replyTo ? { reply_to: replyTo } : {}),
      subject,
      content: bodies,
      ...(Object.keys(headers).length > 0 ? { headers } : {}),
      ...(request.attachments.length > 0 ? { attachments: request.attachments.map(attachmentOf) } : {}),
    },
  };
}

/** Each address once in the whole personalization, at its first place: SendGrid refuses a repeated one. */
function apart(lists: readonly (readonly string[])[]): readonly (readonly Mailbox[])[] {
  const seen = new Set<string>();
  return lists.map((addresses) =>
    addresses
      .map((address) => mailbox(address))
      .filter(({ email }) => !seen.has(email.toLowerCase()) && seen.add(email.toLowerCase())),
  );
}

/** Reply-To has a field of its own, and is refused among the headers. */
function headersOf(allowed: Record<string, string>, inReplyTo: unknown): Record<string, string> {
  const headers = Object.fromEntries(
    Object.entries(allowed).filter(([name]) => name.toLowerCase() !== 'reply-to'),
  );
  return typeof inReplyTo === 'string'
    ? { ...headers, 'In-Reply-To': inReplyTo, References: inReplyTo }
    : headers;
}

/** The value has passed `isEmailHeaderValue`: one mailbox, with or without a plain name before it. */
function replyToOf(headers: Readonly<Record<string, string>>): Mailbox | undefined {
  const value = Object.entries(headers).find(([name]) => name.toLowerCase() === 'reply-to')?.[1];
  if (value === undefined) return undefined;
  const [, name, address] = /^([^<>]*)<([^<>]+)>$/.exec(value.trim()) ?? [];
  return mailbox(address ?? value.trim(), wellFormed(name ?? '').trim());
}

function attachmentOf({ filename, contentType, content, inline }: FetchedAttachment) {
  const name = wellFormed(filename);
  return {
    content: content.toString('base64'),
    type: MEDIA_TYPE.test(contentType) ? contentType : 'application/octet-stream',
    filename: name,
    disposition: inline ? ('inline' as const) : ('attachment' as const),
    ...(inline ? { content_id: name } : {}),
  };
}

const MEDIA_TYPE = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/i;

function mailbox(address: string, name = ''): Mailbox {
  return { email: toAsciiAddress(address) ?? address, ...(name === '' ? {} : { name }) };
}

/** Half a surrogate pair has no bytes in UTF-8. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}

function refused(code: string, message: string): BuiltSendgridMail {
  return { ok: false, outcome: { type: 'permanent', code, message, reason: 'provider_refused' } };
}
