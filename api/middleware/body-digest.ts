import { createHash } from 'node:crypto';
import { type IncomingMessage } from 'node:http';
import { PassThrough, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

const INFLATERS: Readonly<Record<string, () => Transform>> = {
  identity: () => new PassThrough(),
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * The SHA-256 of a body after inflation, of which nothing is kept. undefined where it is longer than the limit or cannot be read
 * to its end.
 */
export async function digestBody(req: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  const inflater = INFLATERS[(req.headers['content-encoding'] ?? 'identity').toLowerCase()]?.();
  if (!inflater || req.destroyed) return undefined;
  const left = (): void => void inflater.destroy();
  req.once('close', () => req.complete || left());
  req.once('error', left);
  inflater.on('error', () => undefined);
  req.pipe(inflater);
  try {
    const hash = createHash('sha256');
    let length = 0;
    for await (const chunk of inflater as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > limitBytes) return undefined;
      hash.update(chunk);
    }
    return hash.digest();
  } catch {
    return undefined;
  } finally {
    req.unpipe(inflater);
    // Many callers read an answer only when all is sent.
    req.resume();
  }
}
