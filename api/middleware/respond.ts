import { type Response } from 'express';
import { type Reply } from '../route';

/**
 * Writes a reply byte for byte. Express would append a charset to the content type, and Courier's SDKs v4 and v5 parse
 * JSON only when it is exactly `application/json`.
 */
export function writeReply(res: Response, reply: Reply): void {
  if (res.headersSent || res.destroyed) {
    // Half an answer is worse than none: the caller must see that the connection broke.
    res.destroy();
    return;
  }
  res.statusCode = reply.status;
  // Answers hold keys and people's data: no cache on the way may keep them.
  res.setHeader('Cache-Control', 'no-store');
  const hasBody = reply.body !== undefined;
  if (hasBody) res.setHeader('Content-Type', 'application/json');
  for (const [name, value] of Object.entries(reply.headers ?? {})) res.setHeader(name, value);
  const bytes = hasBody ? Buffer.from(JSON.stringify(reply.body), 'utf8') : Buffer.alloc(0);
  if (reply.status !== 204) res.setHeader('Content-Length', bytes.length);
  res.end(bytes);
}
