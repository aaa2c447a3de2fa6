import { type Command } from 'commander';
import { estimateSeconds } from '../domain/estimate';
import { fromCourierId } from '../domain/ids';
import { type Database } from '../ledger/database';
import { readJobRow } from '../ledger/read-jobs';
import { createService } from '../service/create-service';
import { progressOf } from '../service/progress';
import { type JobView } from '../service/views';
import { shownJobId } from './audit-table';
import { OperatorError } from '../domain/operator-error';
import { withLedger } from './reach';
import { printPairs } from './screen';

const VERBS = [
  ['cancel', 'send nothing more of a job'],
  ['pause', 'send nothing more until it is resumed'],
  ['resume', 'go on where the pause stopped it'],
] as const;
type Verb = (typeof VERBS)[number][0];

/** Each takes a bulk job or a batch, in either form of its id, and works on the ledger: it holds from the commit on. */
export function addJobCommands(program: Command): void {
  const job = program.command('job').description('look at a job, or hold, stop and continue it');
  job
    .command('status')
    .argument('<jobId>')
    .description('where it stands, by the ledger')
    .option('--json', 'as JSON')
    .action((id: string, { json }: { json?: boolean }) =>
      withLedger(async (db) => show(await findJob(db, id), json)),
    );
  for (const [verb, description] of VERBS) {
    job
      .command(verb)
      .argument('<jobId>')
      .description(description)
      .action((id: string) => withLedger(async (db) => show(await command(db, verb, id), false)));
  }
}

/** The job that an id in either form names. @throws OperatorError where the ledger has none. */
export async function findJob(db: Database, given: string): Promise<JobView> {
  const jobId = fromCourierId(given);
  const job = jobId === undefined ? undefined : await readJobRow(db, jobId);
  if (!job) throw new OperatorError(`This ledger has no job ${given}.`);
  return job;
}

/** One transition like the API's own. Nobody is told from here: the worker's relay sees the outbox within a second or two. */
async function command(db: Database, verb: Verb, given: string): Promise<JobView> {
  const service = createService({ notifier: { look: () => undefined, liveStatus: async () => undefined } });
  const job = await findJob(db, given);
  const ref = { workspaceId: job.workspaceId, jobId: job.id };
  await db.transaction((tx) => service[`${verb}Job`](tx, ref));
  return findJob(db, given);
}

function show(job: JobView, json: boolean | undefined): void {
  const { definition: _whatIsSent, ...facts } = job;
  const { status } = progressOf(job);
  if (json) return console.log(JSON.stringify({ ...facts, status }, undefined, 2));
  const marks = [
    ...(job.paused ? ['paused'] : []),
    ...(job.cancelRequested ? ['cancelled'] : []),
    ...(job.suspended === null ? [] : [`suspended (${job.suspended}: see volley reconcile)`]),
  ];
  const states = Object.entries(job.counts).filter(([, n]) => n > 0);
  printPairs([
    ['job', shownJobId({ kind: job.kind, jobId: job.id })],
    ['workspace', job.workspaceId],
    ['status', [`${status} (${job.kind}, ${job.phase})`, ...marks].join(', ')],
    [
      'received',
      `${job.received} = ${job.enqueued} enqueued + ${job.failures} failures + ${job.pending} pending`,
    ],
    ['states', states.map(([state, n]) => `${n} ${state}`).join(', ') || 'no messages'],
    ...(job.kind === 'bulk' ? ([['fan-out', laneOf(job)]] as const) : []),
    ['created', job.createdAt.toISOString()],
    ...(job.runAt ? ([['run', job.runAt.toISOString()]] as const) : []),
    ...(job.settledAt ? ([['settled', job.settledAt.toISOString()]] as const) : []),
  ]);
}

/** How the job is delivered, and before it is run how long either way would take. */
function laneOf({ fanOut, phase, received }: JobView): string {
  if (phase !== 'open') return fanOut;
  const { workflow, page } = estimateSeconds(received);
  return `${fanOut} (about ${workflow} s as workflow, ${page} s as page)`;
}
