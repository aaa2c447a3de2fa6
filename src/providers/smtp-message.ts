import { type SendMailOptions } from 'nodemailer';
import { type Outcome, type SendRequest } from './contract';
import { isIdentity, toAsciiAddress } from './email-address';
import { isAllowedEmailHeader, isEmailHeaderValue, isHeaderText } from './email-headers';

export interface SenderSettings {
  /** Addresses or `@domain`; the first is an address and the default From. */
  readonly identities: readonly string[];
  readonly defaultFromName?: string | undefined;
}

export type BuiltMail =
  | { readonly ok: true; readonly mail: SendMailOptions; readonly primary: string }
  | { readonly ok: false; readonly outcome: Outcome };

const MEDIA_TYPE = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/i;
const MESSAGE_ID = /^<[^<>\s]{1,250}>$/;

/**
 * The mail for the library, every address and every header text checked before it sees them. to, cc and bcc are one
 * envelope; bcc stands nowhere else. A fault is permanent: the same message will not get better.
 */
export function buildMail(request: SendRequest, settings: SenderSettings): BuiltMail {
  const from = request.from?.address ?? settings.identities[0] ?? '';
  const fromName = request.from ? request.from.name : settings.defaultFromName;
  const fromAddress = toAsciiAddress(from);
  if (fromAddress === undefined || !isIdentity(from, settings.identities)) {
    return refused('invalid_sender', 'The From address is no identity of the channel.');
  }
  const to = asciiAll([request.to, ...request.alsoTo]);
  const cc = asciiAll(request.cc);
  const bcc = asciiAll(request.bcc);
  const primary = to?.[0];
  if (!to || !cc || !bcc || primary === undefined) {
    return refused('invalid_recipient', 'An address of the envelope is not valid.');
  }
  const headers = headersOf(request);
  const inReplyTo = messageIdOf(request.inReplyTo);
  const loose = [
    request.content.title ?? '',
    fromName ?? '',
    ...request.attachments.map(({ filename }) => filename),
  ];
  if (!headers || inReplyTo === false || !loose.every(isHeaderText)) {
    return refused(
      'invalid_header',
      'A subject, name, header or file name has characters that a header cannot hold.',
    );
  }

  const { content, attachments } = request;
  const mail: SendMailOptions = {
    from: { address: fromAddress, name: wellFormed(fromName ?? '') },
    to: to.map(bare),
    cc: cc.map(bare),
    envelope: { from: fromAddress, to: [...new Set([...to, ...cc, ...bcc])] },
    messageId: messageIdFor(request.key),
    subject: wellFormed(content.title ?? ''),
    text: wellFormed(content.text),
    ...(content.html === undefined ? {} : { html: wellFormed(content.html) }),
    ...(inReplyTo === undefined ? {} : { inReplyTo, references: inReplyTo }),
    headers,
    attachments: attachments.map(({ filename, contentType, content: bytes, inline }) => ({
      filename: wellFormed(filename),
      content: bytes,
      contentType: MEDIA_TYPE.test(contentType) ? contentType : 'application/octet-stream',
      ...(inline ? { cid: wellFormed(filename), contentDisposition: 'inline' as const } : {}),
    })),
    xMailer: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  return { ok: true, mail, primary };
}

/** Deterministic, so that a mail that came twice can be seen to be one. (It does not make servers drop the second.) */
export function messageIdFor(key: string): string {
  return `<${key.replace(/[^A-Za-z0-9._-]/g, '-')}@volley>`;
}

function headersOf(request: SendRequest): Record<string, string> | undefined {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.content.headers)) {
    if (!isAllowedEmailHeader(name)) continue;
    if (!isEmailHeaderValue(name, value)) return undefined;
    headers[name] = wellFormed(value);
  }
  return headers;
}

/** `undefined`: none given; `false`: not usable. */
function messageIdOf(given: string | undefined): string | false | undefined {
  if (given === undefined || given.trim() === '') return undefined;
  const trimmed = given.trim();
  const bracketed = trimmed.startsWith('<') ? trimmed : `<${trimmed}>`;
  return MESSAGE_ID.test(bracketed) && isHeaderText(bracketed) ? bracketed : false;
}

/** undefined if any is no address: the envelope is one, and a part of it would be somebody left out in silence. */
function asciiAll(addresses: readonly string[]): readonly string[] | undefined {
  const ascii = addresses.map(toAsciiAddress);
  return ascii.every((address) => address !== undefined) ? ascii : undefined;
}

function bare(address: string): { address: string; name: string } {
  return { address, name: '' };
}

/** Half a surrogate pair has no bytes in UTF-8. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}

function refused(code: string, message: string): BuiltMail {
  return { ok: false, outcome: { type: 'permanent', code, message, reason: 'provider_refused' } };
}
