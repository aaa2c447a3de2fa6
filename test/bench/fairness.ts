/**
 * One workspace runs a large job, another sends single messages: how long those take from the begin of POST /send to the sink,
 * alone and beside the job. Each is one call after the other, every 200 ms, as an application sends them. Exits 1 when a message
 * was lost or doubled, or the job's audit found a fault; the target is a p99 within 2 s.
 *
 *   npm run bench:fairness -- [--n 20000] [--lane page|workflow] [--singles 100] [--latency 20] [--json FILE]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { eventually } from '../support/eventually';
import { SEEDED_WORKSPACE_ID } from '../support/stack';
import { audience, nowMs, recipientAt } from './contract';
import { machine, printTable, writeJson } from './measure/report';
import { summarise } from './measure/times';
import { addSinkChannel, createCaller, createJob, fillJob, laneOf, MESSAGE, statusOf } from './ours/client';
import { type Call, type Lane } from './ours/client';
import { faultsOfJob, startStand, warmUp, type Stand } from './ours/stand';
import { fateOf } from './sink/failures';
import { type SinkCall } from './sink/control';

const EVERY_MS = 200;
const TARGET_MS = 2_000;
const WARM_UP_SINGLES = 5;
/** A whole job of the slower lane. */
const JOB_MS = 3_600_000;

/** By recipient: when its POST /send began, and how long until that was answered. */
type Sent = Map<string, { readonly atMs: number; readonly answeredMs: number }>;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      n: { type: 'string' },
      lane: { type: 'string', default: 'page' },
      singles: { type: 'string', default: '100' },
      latency: { type: 'string', default: '20' },
      json: { type: 'string' },
    },
  });
  const lane = laneOf(values.lane);
  const n = Number(values.n ?? (lane === 'page' ? 20_000 : 1_000));
  const singles = Number(values.singles);
  const before = machine();
  const stand = await startStand({ sinkLatencyMs: Number(values.latency) });
  try {
    await addSinkChannel(stand.call, SEEDED_WORKSPACE_ID, { url: stand.sink.url });
    const other = await secondWorkspace(stand);
    await warmUp(stand, lane);
    await received(stand, await sendSingles(other, 'w', (count) => count < WARM_UP_SINGLES));
    const alone = await received(stand, await sendSingles(other, 'a', (count) => count < singles));
    await stand.sink.reset();
    const { beside, seconds, jobId } = await besideJob(stand, other, { lane, n });
    const faults = await faultsOfJob(stand, jobId, beside.calls);
    const phases = { alone: alone.figures, beside: beside.figures };
    printTable(
      `Single messages of one workspace; another sends ${n} in the ${lane} lane (${(n / seconds).toFixed(0)}/s)`,
      Object.entries(phases).map(([phase, { toSink, toAnswer }]) => ({
        ...{ phase, count: toSink.count, p50: toSink.p50, p95: toSink.p95, p99: toSink.p99, max: toSink.max },
        ...{ 'answer p50': toAnswer.p50, 'answer p99': toAnswer.p99 },
        [`p99 within ${TARGET_MS} ms`]: toSink.p99 <= TARGET_MS ? 'yes' : 'NO',
      })),
    );
    console.log(faults.length === 0 ? '\naudit: clean' : `\n${faults.join('\n')}`);
    writeJson(values.json, { lane, n, seconds, before, after: machine(), phases, faults });
    return faults.length === 0 ? 0 : 1;
  } finally {
    await stand.close();
  }
}

/** A workspace that shares nothing with the seeded one but the installation and the sink. */
async function secondWorkspace({ admin, stack, sink }: Stand): Promise<Call> {
  const { id } = (await admin('POST', '/v1/workspaces', { name: 'other' })) as { id: string };
  const { key } = (await admin('POST', `/v1/workspaces/${id}/keys`, {})) as { key: string };
  const call = createCaller(stack.api, key);
  await addSinkChannel(call, id, { url: sink.url });
  return call;
}

async function besideJob(stand: Stand, other: Call, { lane, n }: { lane: Lane; n: number }) {
  const { call, sink } = stand;
  const jobId = await createJob(call, lane);
  await fillJob(call, jobId, audience('job', n));
  await call('POST', `/bulk/${jobId}/run`);
  const startMs = nowMs();
  const over = async (): Promise<boolean> => (await statusOf(call, jobId)).status !== 'PROCESSING';
  await eventually('the job sends', async () => (await sink.calls()).length > 0);
  let ended = false;
  const end = eventually('the job is over', over, JOB_MS).then(() => {
    ended = true;
    return nowMs();
  });
  const [sent, endMs] = await Promise.all([sendSingles(other, 'b', () => !ended), end]);
  return { beside: await received(stand, sent), seconds: (endMs - startMs) / 1_000, jobId };
}

/** One after the other, a call every 200 ms or as soon as the one before was answered. */
async function sendSingles(call: Call, run: string, more: (count: number) => boolean): Promise<Sent> {
  const sent: Sent = new Map();
  for (let i = 0; more(sent.size); i += 1) {
    const { id, data } = recipientAt(run, i);
    // A refusal by the sink would be its own wait, not one for the other workspace.
    if (fateOf(id) !== 'taken') continue;
    const atMs = nowMs();
    await call('POST', '/send', { message: { ...MESSAGE, to: { user_id: id, data } } });
    const answeredMs = nowMs() - atMs;
    sent.set(id, { atMs, answeredMs });
    await sleep(Math.max(0, EVERY_MS - answeredMs));
  }
  return sent;
}

/** Waits until the sink has all of them. @throws Error when it does not get one, or gets one twice. */
async function received({ sink }: Stand, sent: Sent) {
  const arrivals = await eventually('the sink has all single messages', async () => {
    const calls = (await sink.calls()).filter(({ id }) => sent.has(id));
    return calls.length >= sent.size && calls;
  });
  const first = new Map<string, SinkCall>(arrivals.map((arrival) => [arrival.id, arrival]));
  if (first.size !== sent.size || arrivals.length !== sent.size)
    throw new Error(`${sent.size} single messages, ${arrivals.length} calls for ${first.size} of them`);
  const toSink = [...sent].map(([id, { atMs }]) => (first.get(id)?.atMs ?? NaN) - atMs);
  const toAnswer = [...sent.values()].map(({ answeredMs }) => answeredMs);
  const figures = { toSink: summarise(toSink), toAnswer: summarise(toAnswer) };
  return { figures, calls: await sink.calls() };
}

void main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
