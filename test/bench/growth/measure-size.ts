import { type Client } from '@temporalio/client';
import { fromCourierId } from '../../../src/domain/ids';
import { one, type Database } from '../../../src/ledger/database';
import { auditRun } from '../audit';
import { nowMs, recipientAt } from '../contract';
import { timeReads, type ReadRow } from '../intake/reads';
import { startMeters, type UsageByProcess } from '../measure/by-process';
import { workflowRunsOf, type WorkflowRuns } from '../measure/workflow-runs';
import { createJob, fillJob, untilCompleted, type Lane } from '../ours/client';
import { readStates } from '../ours/states';
import { faultsOfJob, type Stand } from '../ours/stand';
import { eachAtOnce } from '../post';

export type Destination = 'sandbox' | 'sink';

const USERS_PER_CALL = 1_000;
/** As many clients as the machine's two cores take. */
const FILLING_CLIENTS = 4;
/** The client that waits is no load: reads are timed by themselves. */
const POLL_MS = 200;

export interface SizeFigures {
  readonly recipients: number;
  readonly intakePerSecond: number;
  readonly deliveredPerSecond: number;
  /** From the answer of `run` to the first shard of the plan, and to the first attempt, by the ledger. */
  readonly firstPlanMs: number;
  readonly firstSendMs: number;
  readonly shards: number;
  readonly workflows: WorkflowRuns;
  /** From the first user to the last settled message. */
  readonly usage: UsageByProcess;
  readonly databaseBytesPerRecipient: number;
  readonly walBytesPerRecipient: number;
  readonly reads: readonly ReadRow[];
  /** Empty when the figures count. */
  readonly faults: readonly string[];
}

/** One job of a size through the whole product, measured from its first user to its last message, then audited. */
export async function measureSize(
  stand: Stand,
  temporal: Client,
  job: { recipients: number; lane: Lane; to: Destination },
): Promise<SizeFigures> {
  const { call, db, stack, sink } = stand;
  const { recipients: n } = job;
  const run = `size${n}`;
  const jobId = await createJob(call, job.lane);
  const id = fromCourierId(jobId) ?? '';
  const before = await storeOf(db);
  const meters = await startMeters(stack);

  const submitMs = nowMs();
  const pages = Array.from({ length: Math.ceil(n / USERS_PER_CALL) }, (_, page) => page * USERS_PER_CALL);
  await eachAtOnce(pages, FILLING_CLIENTS, async (from) => {
    const length = Math.min(USERS_PER_CALL, n - from);
    await fillJob(
      call,
      jobId,
      Array.from({ length }, (_, i) => recipientAt(run, from + i)),
    );
  });
  const filledMs = nowMs();
  await call('POST', `/bulk/${jobId}/run`);
  const [releasedMs, releasedAtMs] = [nowMs(), Date.now()];
  let over = false;
  const ended = untilCompleted(call, jobId, Infinity, POLL_MS).finally(() => (over = true));
  const reading = timeReads({ api: stack.api }, { jobId, users: n }, () => over);
  await ended;
  const endMs = nowMs();
  const usage = await meters.stop();
  const after = await storeOf(db);
  const reads = await reading;

  const firsts = await firstsOf(db, id);
  const faults = job.to === 'sink' ? await sinkFaults(stand, run, n) : await sandboxFaults(db, id, n);
  const calls = job.to === 'sink' ? await sink.calls() : undefined;
  return {
    recipients: n,
    intakePerSecond: (n / (filledMs - submitMs)) * 1_000,
    deliveredPerSecond: (n / (endMs - releasedMs)) * 1_000,
    firstPlanMs: firsts.planned - releasedAtMs,
    firstSendMs: firsts.started - releasedAtMs,
    shards: firsts.shards,
    workflows: await workflowRunsOf(temporal, db, id),
    usage,
    databaseBytesPerRecipient: (after.database - before.database) / n,
    walBytesPerRecipient: (after.wal - before.wal) / n,
    reads,
    faults: [...faults, ...(await faultsOfJob(stand, jobId, calls))],
  };
}

async function storeOf(db: Database): Promise<{ database: number; wal: number }> {
  return one(
    await db.query<{ database: number; wal: number }>(
      `select pg_database_size(current_database())::float8 as database,
              pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as wal`,
    ),
  );
}

/** Moments in ms since 1970, of the same machine's clock. */
async function firstsOf(
  db: Database,
  jobId: string,
): Promise<{ planned: number; started: number; shards: number }> {
  return one(
    await db.query<{ planned: number; started: number; shards: number }>(
      `select (select extract(epoch from min(planned_at))::float8 * 1000 from shards where job_id = $1) as planned,
              (select count(*)::int from shards where job_id = $1) as shards,
              (select extract(epoch from min(first_attempt_at))::float8 * 1000 from message_states where job_id = $1) as started`,
      [jobId],
    ),
  );
}

async function sinkFaults({ databaseUrl, sink }: Stand, run: string, n: number): Promise<readonly string[]> {
  return auditRun(run, n, await readStates(databaseUrl, run), await sink.dump()).faults;
}

/** The sandbox refuses nobody: everyone is sent. What it took is held against the ledger by the job's audit. */
async function sandboxFaults(db: Database, jobId: string, n: number): Promise<readonly string[]> {
  const { sent } = one(
    await db.query<{ sent: number }>(
      `select count(*)::int as sent from message_states where job_id = $1 and state = 'sent'`,
      [jobId],
    ),
  );
  return sent === n ? [] : [`${sent} of ${n} were sent`];
}
