/**
 * Intake and reads at their limit: fills one bulk job over HTTP, 1,000 users a call from 1 client (what a call takes when nobody
 * else calls) and then another from 4 (as many as the machine takes), stopping at each size to
 * tell rate, CPU, memory and bytes; then runs it and times status and pages while it is delivered; then, with the worker
 * stopped, what planning costs. Everything on this machine, the database durable. Linux only (CPU is read from /proc).
 *
 *   npm run bench:intake -- [users = 100000] [--json FILE]
 */
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { fill, type FillRow } from './intake/fill';
import { call } from './intake/http';
import { timePlanning } from './intake/planning';
import { timeReads } from './intake/reads';
import { startIntakeStand } from './intake/stand';

const SIZES = [1_000, 10_000, 100_000, 1_000_000];
const CLIENTS = 4;
const WARM_UP_USERS = 20_000;
const ALONE_USERS = 50_000;
/** Smaller jobs have no middle and end to plan. */
const LEAST_TO_PLAN = 20_000;

async function createJob(api: string): Promise<string> {
  const message = { message: { message: { content: { title: 'Hello', body: 'Hello {{recipientName}}' } } } };
  const { body } = await call('POST', `${api}/bulk`, JSON.stringify(message));
  return String(body['jobId']);
}

/** Of one digit, for people; the JSON file has them in full. */
function shown<T extends object>(rows: readonly T[]): Record<string, unknown>[] {
  const round = (value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toFixed(value < 10 ? 3 : 1)) : value;
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([key, value]) => [key, round(value)])),
  );
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'string' } },
  });
  const users = Number(positionals[0] ?? 100_000);
  const stand = await startIntakeStand();
  try {
    // Another job's users: the code is compiled, the measured job is empty.
    await fill(stand, { jobId: await createJob(stand.api), from: 0, until: WARM_UP_USERS, clients: CLIENTS });
    const jobId = await createJob(stand.api);
    const alone = await fill(stand, {
      jobId: await createJob(stand.api),
      ...{ from: 0, until: Math.min(users, ALONE_USERS), clients: 1 },
    });
    console.table(shown([alone]));
    const filled: FillRow[] = [];
    for (const until of [...SIZES.filter((size) => size < users), users]) {
      filled.push(await fill(stand, { jobId, from: filled.at(-1)?.users ?? 0, until, clients: CLIENTS }));
      console.table(shown(filled.slice(-1)));
    }
    await call('POST', `${stand.api}/bulk/${jobId}/run`);
    const reads = await timeReads(stand, { jobId, users });
    console.table(shown(reads));
    await stand.stopWorker();
    const planning = users < LEAST_TO_PLAN ? [] : await timePlanning(stand, { jobId, users });
    console.table(shown(planning));
    const result = { users, node: process.version, load: loadavg(), alone, filled, reads, planning };
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    await stand.close();
  }
}

void main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
