import { setTimeout as sleep } from 'node:timers/promises';
import { encodeCursor } from '../../../api/courier/cursor';
import { fromCourierId } from '../../../src/domain/ids';
import { call, percentile } from './http';
import { type IntakeStand } from './stand';

/** Calls of each kind, and one every so many ms: users who look while the machine works, not a load test. */
const CALLS = 300;
const EVERY_MS = 10;

export interface ReadRow {
  readonly what: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/**
 * The status of a job and a page of 100 items from its front, middle and end, in turn, while its delivery runs: 300 times, or less
 * when `over` says so.
 */
export async function timeReads(
  stand: Pick<IntakeStand, 'api'>,
  job: { jobId: string; users: number },
  over: () => boolean = () => false,
): Promise<ReadRow[]> {
  const url = `${stand.api}/bulk/${job.jobId}`;
  const scope = `users/${fromCourierId(job.jobId)}`;
  const page = (after: number): string => `${url}/users?cursor=${encodeCursor(scope, [after])}`;
  const half = Math.floor(job.users / 2);
  const reads = {
    status: () => url,
    'page, front': (i: number) => page(i * 100),
    'page, middle': (i: number) => page(half + ((i * 100) % Math.max(1, half - 200))),
    'page, end': (i: number) => page(Math.max(0, job.users - 101 - i)),
  };
  const times = new Map<string, number[]>(Object.keys(reads).map((what) => [what, []]));
  for (let i = 0; i < CALLS && !over(); i += 1) {
    for (const [what, urlOf] of Object.entries(reads)) {
      const { ms, body } = await call('GET', urlOf(i));
      if (what === 'page, middle' && (body['items'] as unknown[]).length !== Math.min(100, half - 1))
        throw new Error('a page of the middle is not full');
      times.get(what)?.push(ms);
      await sleep(EVERY_MS);
    }
  }
  return [...times].map(([what, ms]) => ({
    what,
    p50Ms: percentile(ms, 0.5),
    p99Ms: percentile(ms, 0.99),
    maxMs: Math.max(...ms),
  }));
}
