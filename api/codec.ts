import { json, Router, type RequestHandler } from 'express';
import { type Payload } from '@temporalio/common';
import { createPayloadCodec, type EncryptionKey } from '../src/temporal/payload-codec';

interface WirePayload {
  metadata?: Record<string, string>;
  data?: string;
}

/**
 * Temporal's codec endpoint (`/encode`, `/decode`), which its web UI calls from the browser to show payloads in the clear.
 * Only in the embedded default: loopback, and answers are readable for the web UI's own origin alone.
 */
export function createCodecHandler(options: {
  keys: readonly EncryptionKey[];
  origin?: string | undefined;
}): RequestHandler {
  const codec = createPayloadCodec(options.keys);
  const router = Router();
  router.use((req, res, next) => {
    const { origin } = req.headers;
    if (origin !== undefined && origin === options.origin) {
      res.setHeader('Access-Control-Allow-Origin', origin);
      res.setHeader('Access-Control-Allow-Headers', 'content-type, x-namespace, authorization');
      res.setHeader('Access-Control-Allow-Methods', 'POST');
    } else if (origin !== undefined) {
      res.status(403).end();
      return;
    }
    if (req.method === 'OPTIONS') res.status(204).end();
    else next();
  });
  const serve =
    (convert: (payloads: Payload[]) => Promise<Payload[]>): RequestHandler =>
    async (req, res) => {
      const given = (req.body as { payloads?: WirePayload[] } | undefined)?.payloads;
      if (!Array.isArray(given)) {
        res.status(400).json({ message: 'Send {"payloads": […]}.' });
        return;
      }
      try {
        res.json({ payloads: (await convert(given.map(fromWire))).map(toWire) });
      } catch {
        res.status(400).json({
          message: 'A payload could not be converted: its key is not one of VOLLEY_ENCRYPTION_KEY.',
        });
      }
    };
  router.post(
    '/encode',
    json({ limit: '10mb' }),
    serve((payloads) => codec.encode(payloads)),
  );
  router.post(
    '/decode',
    json({ limit: '10mb' }),
    serve((payloads) => codec.decode(payloads)),
  );
  return router;
}

function fromWire({ metadata, data }: WirePayload): Payload {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')]);
  return {
    metadata: Object.fromEntries(entries) as Record<string, Uint8Array>,
    data: Buffer.from(data ?? '', 'base64'),
  };
}

function toWire({ metadata, data }: Payload): WirePayload {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [
    name,
    Buffer.from(value).toString('base64'),
  ]);
  return {
    metadata: Object.fromEntries(entries) as Record<string, string>,
    data: Buffer.from(data ?? []).toString('base64'),
  };
}
