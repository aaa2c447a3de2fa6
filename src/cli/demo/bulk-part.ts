import { fieldOf } from '../../runtime/local-client';
import { OperatorError } from '../../domain/operator-error';
import { paint } from '../screen';
import { poll, textField, type DemoClient } from './client';
import { inParts, readPeople, toUser, type Person } from './people';
import { startProgress } from './progress';
import { BRAND_SLUG, TEMPLATE } from './setup';

const ASK = { everyMs: 200, timeoutMs: 120_000 };
const UNSETTLED = ['pending', 'waiting', 'sending'];

/** What the job came to. */
export interface BulkResult {
  readonly jobId: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly received: number;
  readonly enqueued: number;
  readonly failures: number;
  readonly seconds: number;
  readonly people: readonly Person[];
}

/** Fills a job from the file in three calls, runs it and follows it to its end. */
export async function bulkPart(client: DemoClient): Promise<BulkResult> {
  const people = readPeople();
  const created = await client.call('POST', '/bulk', {
    message: {
      message: {
        template: TEMPLATE,
        brand_id: BRAND_SLUG,
        routing: { method: 'single', channels: ['email'] },
      },
    },
  });
  const jobId = textField(created, 'jobId');
  console.log(`\n${paint('bold', 'A bulk job')} through Courier's API: ${jobId}\n`);
  for (const part of inParts(people)) await ingest(client, jobId, part);
  await client.call('POST', `/bulk/${jobId}/run`);
  console.log('  run\n');
  return { ...(await follow(client, jobId)), jobId, people };
}

async function ingest(
  client: DemoClient,
  jobId: string,
  part: { readonly first: number; readonly people: readonly Person[] },
): Promise<void> {
  const answer = await client.call('POST', `/bulk/${jobId}`, { users: part.people.map(toUser) });
  const errors = fieldOf(answer, 'errors');
  const last = part.first + part.people.length - 1;
  const rows = `people.csv ${String(part.first).padStart(3)} to ${last}`;
  console.log(`  ${rows}   ${String(fieldOf(answer, 'total')).padStart(3)} added`);
  for (const refused of Array.isArray(errors) ? (errors as unknown[]) : []) {
    const who = fieldOf(fieldOf(refused, 'user'), 'recipient');
    console.log(`    ${paint('yellow', 'refused')}  ${String(who)}: "${textField(refused, 'error')}"`);
  }
}

async function follow(client: DemoClient, jobId: string): Promise<Omit<BulkResult, 'jobId' | 'people'>> {
  const startedMs = Date.now();
  const first = await readJob(client, jobId);
  const progress = startProgress(first.received);
  try {
    const end = await poll('the job to finish', ASK, async () => {
      const now = await readJob(client, jobId);
      const left = UNSETTLED.reduce((sum, state) => sum + (now.counts[state] ?? 0), 0);
      const seconds = (Date.now() - startedMs) / 1_000;
      progress.update(now.received - left);
      return now.status === 'COMPLETED' || now.status === 'ERROR' ? { ...now, seconds } : undefined;
    });
    if (end.status === 'ERROR') throw new OperatorError("The demo's job ended in ERROR: see the logs.");
    return end;
  } finally {
    progress.stop();
  }
}

interface Job {
  readonly status: string;
  readonly received: number;
  readonly enqueued: number;
  readonly failures: number;
  readonly counts: Readonly<Record<string, number>>;
}

async function readJob(client: DemoClient, jobId: string): Promise<Job> {
  return fieldOf(await client.call('GET', `/bulk/${jobId}`), 'job') as Job;
}
