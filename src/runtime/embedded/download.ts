import { createHash } from 'node:crypto';
import { EnvHttpProxyAgent, fetch, type Response } from 'undici';

/** A host that is blocked usually drops packets: three seconds tell, and the next source is tried. */
const CONNECT_TIMEOUT_MS = 3_000;
/** Silence on an open connection; the whole may take as long as it needs on a slow line. */
const STALL_TIMEOUT_MS = 30_000;

export type Progress = (receivedBytes: number, totalBytes: number | undefined) => void;
export type Download = { body: Buffer; contentType: string; url: string };

/**
 * Fetches a document whole. Honours HTTPS_PROXY, HTTP_PROXY and NO_PROXY, and NODE_EXTRA_CA_CERTS as Node does.
 * A user and password in the address go into a header, to that host only.
 * @throws Error on any status but 200, a stall, or no connection within 3 s.
 */
export async function download(address: string, accept = '*/*', progress?: Progress): Promise<Download> {
  const dispatcher = new EnvHttpProxyAgent({
    connectTimeout: CONNECT_TIMEOUT_MS,
    headersTimeout: STALL_TIMEOUT_MS,
    bodyTimeout: STALL_TIMEOUT_MS,
  });
  try {
    const { url, authorization } = splitCredentials(address);
    const headers = { accept, ...(authorization === undefined ? {} : { authorization }) };
    const response = await fetch(url, { dispatcher, headers });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`${new URL(url).host} answered ${response.status}`);
    }
    const body = await readAll(response, progress);
    return { body, contentType: response.headers.get('content-type') ?? '', url: response.url };
  } finally {
    await dispatcher.close();
  }
}

/** @throws Error where the content is not what its publisher announced. */
export function requireSha256(body: Buffer, expected: string): void {
  const actual = createHash('sha256').update(body).digest('hex');
  if (actual !== expected.toLowerCase()) throw new Error(`sha256 is ${actual}, announced was ${expected}`);
}

async function readAll(response: Response, progress: Progress | undefined): Promise<Buffer> {
  const announced = Number(response.headers.get('content-length'));
  const totalBytes = announced > 0 ? announced : undefined;
  const chunks: Uint8Array[] = [];
  let receivedBytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk as Uint8Array);
    receivedBytes += (chunk as Uint8Array).length;
    progress?.(receivedBytes, totalBytes);
  }
  return Buffer.concat(chunks);
}

function splitCredentials(address: string): { url: string; authorization: string | undefined } {
  const url = new URL(address);
  if (url.username === '') return { url: address, authorization: undefined };
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  return { url: url.href, authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}
