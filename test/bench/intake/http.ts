import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { SEEDED_API_KEY } from '../../../src/service/seed-workspace';

const agent = new Agent({ keepAlive: true });

export interface Answer {
  readonly body: Record<string, unknown>;
  readonly ms: number;
}

/** One call as the seeded workspace over a kept connection (fetch would cost three times as much). Throws unless 2xx. */
export function call(method: 'GET' | 'POST', url: string, body?: string): Promise<Answer> {
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${SEEDED_API_KEY}`,
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    const sent = request(url, { method, agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const { statusCode = 0 } = response;
        if (statusCode < 200 || statusCode > 299) return reject(new Error(`${statusCode}: ${text}`));
        const ms = performance.now() - startMs;
        resolve({ body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>), ms });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The value that `share` of the values are not above (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}
