/**
 * What a killed worker costs: each lane delivers to the sink, its worker is killed with -9 when half is sent, and is started again
 * by the supervisor. How long nothing was sent, who was lost, who got it twice (by the call's key, and by recipient), how many calls
 * were in doubt and repeated, and how many of those are marked as possible duplicates: all of them, unless the channel says that its
 * receiver knows a repeated key for so many seconds (--dedupe). Exits 1 when one was lost, or came twice without an explanation.
 *
 *   npm run bench:crash -- [--n 10000] [--lane page|workflow] [--latency 20] [--dedupe 0] [--json FILE]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fromCourierId } from '../../src/domain/ids';
import { one } from '../../src/ledger/database';
import { eventually } from '../support/eventually';
import { SEEDED_WORKSPACE_ID } from '../support/stack';
import { auditRun } from './audit';
import { audience, nowMs } from './contract';
import { machine, printTable, writeJson } from './measure/report';
import { addSinkChannel, createJob, fillJob, laneOf, LANES, statusOf, untilCompleted } from './ours/client';
import { type Lane } from './ours/client';
import { readStates } from './ours/states';
import { faultsOfJob, startStand, warmUp, type Stand } from './ours/stand';
import { type SinkCall } from './sink/control';

/** A child workflow for each recipient: enough for a crash in the middle, and over in a minute. */
const MOST_IN_WORKFLOWS = 500;
const HALF_MS = 600_000;
const OVER_MS = 600_000;
const LOOK_MS = 20;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      n: { type: 'string', default: '10000' },
      lane: { type: 'string' },
      latency: { type: 'string', default: '20' },
      dedupe: { type: 'string', default: '0' },
      json: { type: 'string' },
    },
  });
  const n = Number(values.n);
  const before = machine();
  const results = [];
  for (const lane of values.lane === undefined ? LANES : [laneOf(values.lane)]) {
    const stand = await startStand({ sinkLatencyMs: Number(values.latency) });
    try {
      const settings = { url: stand.sink.url, dedupeWindowSeconds: Number(values.dedupe) };
      await addSinkChannel(stand.call, SEEDED_WORKSPACE_ID, settings);
      await warmUp(stand, lane);
      results.push(await crash(stand, lane, lane === 'page' ? n : Math.min(n, MOST_IN_WORKFLOWS)));
    } finally {
      await stand.close();
    }
  }
  printTable(
    'The worker killed with -9 when half is sent',
    results.map(({ lane, n: of, killedAt, restartedMs, resumedMs, ...rest }) => ({
      ...{ lane, n: of, 'sent then': killedAt, 'worker back ms': restartedMs, 'sends again ms': resumedMs },
      ...{ lost: rest.lost, wrong: rest.wrong, 'twice by key': rest.twiceByKey },
      ...{ 'by recipient': rest.twiceByRecipient, 'in doubt': rest.inDoubt, marked: rest.marked },
      audit: rest.faults.length === 0 ? 'clean' : rest.faults.join('; '),
    })),
  );
  writeJson(values.json, { before, after: machine(), results });
  return results.every(({ faults }) => faults.length === 0) ? 0 : 1;
}

async function crash(stand: Stand, lane: Lane, n: number) {
  const { call, sink, stack } = stand;
  const run = `crash-${lane}`;
  const jobId = await createJob(call, lane);
  await fillJob(call, jobId, audience(run, n));
  const pid = stack.pid('worker');
  await call('POST', `/bulk/${jobId}/run`);
  const killedAt = await untilHalf(stand, jobId, n);
  process.kill(pid, 'SIGKILL');
  const killedMs = nowMs();
  await eventually('the worker is started again', async () => stack.pid('worker') !== pid);
  const restartedAtMs = nowMs();
  await untilCompleted(call, jobId, OVER_MS);

  const calls = await sink.calls();
  const audit = auditRun(run, n, await readStates(stand.databaseUrl, run), await sink.dump());
  // The dead worker's last calls may still have been on their way; those of the new one come after its start.
  const resumed = calls.find(({ atMs }) => atMs > restartedAtMs);
  if (resumed === undefined) throw new Error('nothing was sent after the crash: it came too late');
  const { inDoubt, marked } = await countDoubts(stand, jobId);
  const twiceByKey = twice(calls, ({ key }) => key);
  const twiceByRecipient = twice(calls, ({ id }) => id);
  const faults = [
    // At-least-once permits a call that was in doubt a second time, with its key; the job's audit holds each against that.
    ...audit.faults.filter((fault) => !fault.startsWith('duplicates')),
    ...(twiceByRecipient > twiceByKey ? [`${twiceByRecipient - twiceByKey} came twice under two keys`] : []),
    ...(await faultsOfJob(stand, jobId, calls)),
  ];
  return {
    ...{ lane, n, killedAt, restartedMs: restartedAtMs - killedMs, resumedMs: resumed.atMs - killedMs },
    ...{ lost: audit.lost, wrong: audit.wrong, twiceByKey, twiceByRecipient, inDoubt, marked, faults },
  };
}

async function untilHalf({ call }: Stand, jobId: string, n: number): Promise<number> {
  for (const endMs = nowMs() + HALF_MS; nowMs() < endMs; await sleep(LOOK_MS)) {
    const { status, counts } = await statusOf(call, jobId);
    if (status !== 'PROCESSING')
      throw new Error(`the job was ${status} before it could be broken: give a larger --n`);
    if ((counts['sent'] ?? 0) * 2 >= n) return counts['sent'] ?? 0;
  }
  throw new Error(`half of ${n} was not sent in ${HALF_MS} ms`);
}

/** Acceptances beyond the first of each. */
function twice(calls: readonly SinkCall[], by: (call: SinkCall) => string): number {
  const taken = calls.filter((call) => call.taken);
  return taken.length - new Set(taken.map(by)).size;
}

/** Attempts whose answer nobody wrote down, and attempts that say of themselves that they may be a second delivery. */
async function countDoubts({ db }: Stand, jobId: string): Promise<{ inDoubt: number; marked: number }> {
  const rows = await db.query<{ inDoubt: number; marked: number }>(
    `select count(*) filter (where a.outcome = 'lost')::int as "inDoubt",
            count(*) filter (where a.possible_duplicate)::int as marked
     from attempts a join messages m on m.id = a.message_id where m.job_id = $1`,
    [fromCourierId(jobId)],
  );
  return one(rows);
}

void main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
