import { createHash } from 'node:crypto';
import { escapeHtml } from '../templates/escape';

/** Shown to the recipient; both come from the workspace. */
export interface UnsubscribeWords {
  /** Who sends the messages. */
  readonly sender?: string;
  /** What the messages are about; absent: all of them. */
  readonly topic?: string;
}

/** The field by which our own page says that a person pressed its button. */
export const PAGE_FIELD = 'unsubscribe';
export const PAGE_VALUE = 'yes';

const STYLE = [
  ':root{color-scheme:light dark}',
  'body{margin:10vh auto;max-width:32rem;padding:0 1rem;font:1.125rem/1.5 system-ui,sans-serif}',
  'button{font:inherit;padding:.75rem 1.5rem;cursor:pointer}',
].join('');

/** The page runs nothing, loads nothing, posts to itself only and is shown in no frame: nobody can borrow its button. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'Cache-Control': 'no-store, max-age=0',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Robots-Tag': 'noindex, nofollow',
};

function messagesOf({ sender, topic }: UnsubscribeWords): string {
  const about = topic ? `messages about “${topic}”` : 'messages';
  return escapeHtml(sender ? `${about} from ${sender}` : about);
}

/** Asks; the form goes to the page's own address, which holds the token. */
export function askPage(words: UnsubscribeWords): string {
  return page(
    'Unsubscribe',
    `<p>You will no longer receive ${messagesOf(words)}.</p>
<form method="post"><button type="submit" name="${PAGE_FIELD}" value="${PAGE_VALUE}">Unsubscribe</button></form>`,
  );
}

export function donePage(words: UnsubscribeWords): string {
  return page('You are unsubscribed', `<p role="status">You no longer receive ${messagesOf(words)}.</p>`);
}

export function invalidPage(): string {
  return page(
    'This link does not work',
    '<p>It may be incomplete. Open it again from the message that you received.</p>',
  );
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${STYLE}</style></head>
<body><main><h1>${title}</h1>
${content}</main></body></html>
`;
}
