/** A mail as a person reads it. */
export interface ReadMail {
  /** By name in lower case; encoded words decoded, folds undone. The first of each name. */
  readonly headers: ReadonlyMap<string, string>;
  /** The plain text part; empty where there is none. */
  readonly text: string;
}

/**
 * Decodes what our own SMTP provider sends: headers with encoded words, one part or a tree of them, in base64 or
 * quoted-printable UTF-8. Enough for the demo to show one; no parser for mail from elsewhere.
 */
export function readMail(raw: string): ReadMail {
  const part = splitPart(raw);
  return { headers: part.headers, text: textOf(part).trim() };
}

interface Part {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

function splitPart(raw: string): Part {
  const text = raw.replaceAll('\r\n', '\n');
  const end = text.indexOf('\n\n');
  const head = end < 0 ? text : text.slice(0, end);
  const headers = new Map<string, string>();
  for (const line of head.replace(/\n[ \t]+/g, ' ').split('\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    if (colon > 0 && !headers.has(name)) headers.set(name, decodeWords(line.slice(colon + 1).trim()));
  }
  return { headers, body: end < 0 ? '' : text.slice(end + 2) };
}

function textOf({ headers, body }: Part): string {
  const type = headers.get('content-type') ?? 'text/plain';
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1];
  if (boundary !== undefined) {
    const parts = body.split(`--${boundary}`).slice(1, -1);
    return parts.map((part) => textOf(splitPart(part.replace(/^\n/, '')))).find((text) => text !== '') ?? '';
  }
  if (!/^text\/plain/i.test(type)) return '';
  const encoding = headers.get('content-transfer-encoding')?.toLowerCase();
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  return encoding === 'quoted-printable' ? decodeQuoted(body.replace(/=\n/g, '')) : body;
}

/** `=?UTF-8?Q?…?=` and `=?UTF-8?B?…?=` (RFC 2047); the space between two of them is none. */
function decodeWords(value: string): string {
  return value
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([qb])\?([^?]*)\?=/gi, (_word, way: string, text: string) =>
      way.toLowerCase() === 'b'
        ? Buffer.from(text, 'base64').toString('utf8')
        : decodeQuoted(text.replaceAll('_', ' ')),
    );
}

function decodeQuoted(text: string): string {
  const bytes = text.replace(/=([0-9a-f]{2})/gi, (_code, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  // Characters beyond ASCII are there as their bytes only; one that is there as itself was never encoded.
  return /[^\0-\xff]/.test(bytes) ? text : Buffer.from(bytes, 'latin1').toString('utf8');
}
