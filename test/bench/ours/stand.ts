import { auditJob } from '../../../src/audit/audit-job';
import { openDatabase, type Database } from '../../../src/ledger/database';
import { SEEDED_API_KEY } from '../../../src/service/seed-workspace';
import { startTestStack, type TestStack } from '../../support/stack';
import { audience, CONTRACT } from '../contract';
import { ownRuntime } from '../runtime';
import { startSink, type Sink, type SinkCall } from '../sink/control';
import {
  CONTRACT_ENV,
  createCaller,
  createJob,
  fillJob,
  untilCompleted,
  type Call,
  type Lane,
} from './client';

const WARM_UP_RECIPIENTS = 100;
const WARM_UP_MS = 120_000;

export interface Stand {
  readonly stack: TestStack;
  readonly sink: Sink;
  readonly db: Database;
  readonly databaseUrl: string;
  /** As the seeded workspace. */
  readonly call: Call;
  /** As whoever runs the installation. */
  readonly admin: Call;
  close(): Promise<void>;
}

/** The whole product as `npm start` has it, durable, with processes of its own to be measured and killed, and the bench's sink. */
export async function startStand(
  settings: { sinkLatencyMs?: number; env?: Record<string, string> } = {},
): Promise<Stand> {
  const sink = await startSink(ownRuntime(), settings.sinkLatencyMs ?? 0);
  try {
    const stack = await startTestStack({ ...CONTRACT_ENV, ...settings.env });
    const databaseUrl = stack.stack.env['DATABASE_URL'] ?? '';
    const db = openDatabase({ connectionString: databaseUrl, poolSize: 2 });
    return {
      ...{ stack, sink, db, databaseUrl, call: createCaller(stack.api) },
      admin: createCaller(stack.api, stack.stack.env['VOLLEY_ADMIN_KEY']),
      async close() {
        await db.close();
        await stack.close();
        await sink.close();
      },
    };
  } catch (error) {
    await sink.close();
    throw error;
  }
}

/** A hundred recipients before anything counts: code is compiled, connections and caches are there. The sink forgets them. */
export async function warmUp({ call, sink }: Stand, lane: Lane): Promise<void> {
  await runWhole(call, lane, 'warm', WARM_UP_RECIPIENTS);
  await sink.reset();
}

async function runWhole(call: Call, lane: Lane, run: string, n: number): Promise<void> {
  const jobId = await createJob(call, lane);
  await fillJob(call, jobId, audience(run, n));
  await call('POST', `/bulk/${jobId}/run`);
  await untilCompleted(call, jobId, WARM_UP_MS);
}

/**
 * Holds a job at rest against itself, against what the API answers, and against what the sandbox, or the sink by its calls, took.
 * @returns what is wrong, a sentence each; nothing when the run counts.
 */
export async function faultsOfJob(
  { databaseUrl, stack }: Stand,
  jobId: string,
  calls?: readonly SinkCall[],
): Promise<string[]> {
  const taken: Record<string, number> = {};
  for (const call of calls ?? []) if (call.taken) taken[call.key] = (taken[call.key] ?? 0) + 1;
  const report = await auditJob({
    ...{ databaseUrl, jobId, maxAttempts: CONTRACT.maxAttempts },
    api: { url: stack.api, key: SEEDED_API_KEY },
    ...(calls === undefined ? {} : { sink: taken }),
  });
  return report.checks.filter((check) => !check.ok).map((check) => `job ${jobId}: ${JSON.stringify(check)}`);
}
