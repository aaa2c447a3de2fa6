import { createHash } from 'node:crypto';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { VolleyError, type ErrorDetail } from '../../src/domain/errors';
import { cleanJson } from './clean-json';

/** Both seeds' limit of a call, compressed and after inflation alike. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024;
/** As many places as a person reads before mending the first. */
const MAX_SHOWN = 20;

export interface ReadBody {
  readonly value: unknown;
  readonly poison: readonly ErrorDetail[];
  /** Of the bytes after inflation: what an idempotency key is bound to. */
  readonly sha256: Buffer;
}

/**
 * Parses a JSON body, whatever the content type says as long as JSON may hide behind it: SDKs send empty run bodies
 * without one, and curl -d claims a form.
 * @throws VolleyError invalid_request (malformed, other content type, poison unless reported).
 */
export function readJson(
  bytes: Buffer,
  contentType: string | undefined,
  poison: 'refuse' | 'report',
): ReadBody {
  const sha256 = createHash('sha256').update(bytes).digest();
  if (bytes.length === 0) return { value: undefined, poison: [], sha256 };
  requireJsonType(contentType);
  const clean = cleanJson(parse(bytes));
  if (poison === 'refuse' && clean.poison.length > 0) throw poisonRefused(clean.poison);
  return { ...clean, sha256 };
}

const readers = new Map<number, RequestHandler>();

/** There are a few limits, and a reader for each is made once. */
function readerOf(limitBytes: number): RequestHandler {
  const reader = readers.get(limitBytes) ?? express.raw({ type: () => true, limit: limitBytes });
  readers.set(limitBytes, reader);
  return reader;
}

/** The bytes of a body after inflation; empty where there is none. Throws VolleyError payload_too_large, invalid_request. */
export function rawBytes(req: Request, res: Response, limitBytes: number): Promise<Buffer> {
  const readRaw = readerOf(limitBytes);
  return new Promise((resolve, reject) => {
    const left = (): void => reject(bodyError(undefined, limitBytes));
    if (res.destroyed) return left();
    // The reader of a compressed body does not hear that its caller left.
    res.once('close', left);
    readRaw(req, res, (error?: unknown) => {
      res.off('close', left);
      if (error) return reject(bodyError(error, limitBytes));
      const body: unknown = req.body;
      if (Buffer.isBuffer(body)) resolve(body);
      // The reader skips a request whose caller already left: that must not pass for an empty body.
      else if (announcesBody(req)) reject(bodyError(undefined, limitBytes));
      else resolve(Buffer.alloc(0));
    });
  });
}

function announcesBody(req: Request): boolean {
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}

function bodyError(error: unknown, limitBytes: number): VolleyError {
  const type = typeof error === 'object' && error !== null && 'type' in error ? error.type : undefined;
  if (type === 'entity.too.large') {
    const kb = limitBytes / 1024;
    const limit = kb < 1024 ? `${kb} KB` : `${kb / 1024} MB`;
    return new VolleyError('payload_too_large', `The body is over ${limit}: split it into several calls.`);
  }
  if (type === 'encoding.unsupported') {
    return new VolleyError(
      'invalid_request',
      'This Content-Encoding is not known here: send gzip, deflate, br or none.',
    );
  }
  return new VolleyError('invalid_request', 'The body could not be read to its end: send it again in full.', {
    cause: error,
  });
}

function requireJsonType(contentType: string | undefined): void {
  if (contentType === undefined || contentType.trim() === '') return;
  const [type = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  if (!type.includes('json') && type !== 'text/plain' && type !== 'application/x-www-form-urlencoded') {
    throw new VolleyError(
      'invalid_request',
      'The body must be JSON: send it with Content-Type: application/json.',
    );
  }
  const charset = parameters.find((part) => part.startsWith('charset='))?.slice('charset='.length);
  if (charset !== undefined && !/^"?(utf-?8|us-ascii)"?$/.test(charset)) {
    throw new VolleyError('invalid_request', 'The body must be UTF-8: leave the charset out.');
  }
}

function parse(bytes: Buffer): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new VolleyError('invalid_request', 'The body is not valid UTF-8: encode it as UTF-8.');
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const position = /position \d+/.exec(error instanceof Error ? error.message : '')?.[0];
    const where = position ? ` (at ${position})` : '';
    throw new VolleyError(
      'invalid_request',
      `The body is not valid JSON${where}: mend it and send it again.`,
    );
  }
}

function poisonRefused(poison: readonly ErrorDetail[]): VolleyError {
  const [first] = poison;
  return new VolleyError(
    'invalid_request',
    `The body cannot be kept as it is: ${first?.at} ${first?.problem}.`,
    {
      details: poison.slice(0, MAX_SHOWN),
    },
  );
}
