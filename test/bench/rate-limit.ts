/**
 * A channel's rate limit, shared by two jobs at once: the busiest second, wherever it begins, and how much of the limit was used,
 * by the ledger's attempts and by the sink's own clock, where calls arrive a little less evenly than they were allowed. Both jobs have more to send than the limit lets through, and are canceled
 * after the time that is measured. Exits 1 when the limit was exceeded by more than a tenth, or an audit found a fault.
 *
 *   npm run bench:rate-limit -- [--rate 100] [--seconds 30] [--json FILE]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fromCourierId } from '../../src/domain/ids';
import { eventually } from '../support/eventually';
import { SEEDED_WORKSPACE_ID } from '../support/stack';
import { audience, nowMs } from './contract';
import { machine, printTable, writeJson } from './measure/report';
import { countWithin, mostInAnyWindow } from './measure/windows';
import { addSinkChannel, createJob, fillJob, statusOf, type Lane } from './ours/client';
import { faultsOfJob, startStand, warmUp, type Stand } from './ours/stand';

const SECOND_MS = 1_000;
const OVER = 1.1;
const USED = 0.95;
const PAIRS: readonly (readonly [Lane, Lane])[] = [
  ['page', 'workflow'],
  ['page', 'page'],
];

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rate: { type: 'string', default: '100' },
      seconds: { type: 'string', default: '30' },
      json: { type: 'string' },
    },
  });
  const limit = { rate: Number(values.rate), seconds: Number(values.seconds) };
  const before = machine();
  const results = [];
  for (const lanes of PAIRS) {
    const stand = await startStand();
    try {
      const channelId = await addSinkChannel(stand.call, SEEDED_WORKSPACE_ID, { url: stand.sink.url });
      await warmUp(stand, 'page');
      await stand.call('PATCH', `/v1/workspaces/${SEEDED_WORKSPACE_ID}/channels/${channelId}`, {
        ratePerSecond: limit.rate,
      });
      results.push(await measure(stand, lanes, limit));
    } finally {
      await stand.close();
    }
  }
  const mostAllowed = `up to ${(limit.rate * OVER).toFixed()}`;
  printTable(
    `${limit.rate} a second, shared by two jobs, ${limit.seconds} s`,
    results.map(({ lanes, begun, ledger, sink, faults }) => ({
      ...{
        lanes,
        begun,
        'most in 1 s': ledger.most,
        [mostAllowed]: verdict(within(ledger.most, limit.rate)),
      },
      ...{ 'used %': ledger.used * 100, [`${USED * 100} or more`]: verdict(ledger.used >= USED) },
      ...{ 'most at sink': sink.most, [`${mostAllowed} there`]: verdict(within(sink.most, limit.rate)) },
      'used at sink %': sink.used * 100,
      audit: faults.length === 0 ? 'clean' : faults.join('; '),
    })),
  );
  writeJson(values.json, { ...limit, before, after: machine(), results });
  return results.every(({ ledger, faults }) => within(ledger.most, limit.rate) && faults.length === 0)
    ? 0
    : 1;
}

async function measure(stand: Stand, lanes: readonly Lane[], limit: { rate: number; seconds: number }) {
  const { call, db, sink } = stand;
  // Each could use the whole limit alone, for longer than is measured.
  const n = Math.ceil(limit.rate * (limit.seconds + 5));
  const jobs: string[] = [];
  for (const [place, lane] of lanes.entries()) {
    const jobId = await createJob(call, lane);
    await fillJob(call, jobId, audience(`r${place}`, n));
    jobs.push(jobId);
  }
  const ids = jobs.map((jobId) => fromCourierId(jobId) ?? '');
  const starts = async (): Promise<{ job: string; atMs: number }[]> =>
    db.query(
      `select m.job_id as job, extract(epoch from a.started_at)::float8 * 1000 as "atMs"
       from attempts a join messages m on m.id = a.message_id where m.job_id = any($1::uuid[])`,
      [ids],
    );
  await Promise.all(jobs.map((jobId) => call('POST', `/bulk/${jobId}/run`)));
  await eventually('both jobs send', async () => new Set((await starts()).map(({ job }) => job)).size === 2);
  // Measured from here on: before it one of the two may have been alone.
  const fromMs = Date.now();
  const sinkFromMs = nowMs();
  await sleep(limit.seconds * SECOND_MS);
  await Promise.all(jobs.map((jobId) => call('POST', `/bulk/${jobId}/cancel`)));
  for (const jobId of jobs) {
    await eventually(
      'a canceled job is over',
      async () => (await statusOf(call, jobId)).status !== 'PROCESSING',
    );
  }
  const begun = await starts();
  const calls = await sink.calls();
  const faults = (await Promise.all(jobs.map((jobId) => faultsOfJob(stand, jobId, calls)))).flat();
  const figures = (moments: readonly number[], from: number) => ({
    most: mostInAnyWindow(moments, SECOND_MS),
    used: countWithin(moments, from, limit.seconds * SECOND_MS) / (limit.rate * limit.seconds),
  });
  return {
    lanes: lanes.join(' + '),
    begun: ids.map((id) => begun.filter(({ job }) => job === id).length).join(' + '),
    ledger: figures(
      begun.map(({ atMs }) => atMs),
      fromMs,
    ),
    sink: figures(
      calls.map(({ atMs }) => atMs),
      sinkFromMs,
    ),
    faults,
  };
}

/** Rounded, since 100 * 1.1 is a little more than 110. */
const within = (most: number, rate: number): boolean => most <= Math.round(rate * OVER);
const verdict = (kept: boolean): string => (kept ? 'yes' : 'NO');

void main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
