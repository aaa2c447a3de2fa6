import { toCourierId } from '../domain/ids';
import { fieldOf, type LocalClient } from '../runtime/local-client';
import { birdPages, courierPages, type ListedItem } from './api-pages';
import { type AuditedJob } from './audited-job';
import { checkOf, type AuditCheck } from './report';
import { type LedgerReader } from './snapshot';

/** What the counts of a job were; none of them ever falls. */
interface Counts extends Readonly<Record<string, number>> {
  readonly received: number;
  readonly enqueued: number;
  readonly failures: number;
}

const COUNTS = `select count(*) as received, count(*) filter (where enqueued_at is not null) as enqueued,
    count(*) filter (where enqueued_at is null and state in ('rejected', 'canceled')) as failures
  from message_states where job_id = $1`;

/**
 * Asks the API for the job and every page of its messages, and holds the answers against the ledger. What is at rest has to
 * agree exactly; while a job runs, an answer has to lie between what the ledger said before and what it says after.
 * @throws UnreachableError where no API answers.
 */
export async function apiChecks(
  reader: LedgerReader,
  client: LocalClient,
  job: AuditedJob,
): Promise<readonly AuditCheck[]> {
  return job.kind === 'bulk'
    ? [await bulkCountsCheck(reader, client, job), await itemsCheck(reader, job, courierPages(client, job))]
    : [await itemsCheck(reader, job, birdPages(client, job))];
}

async function bulkCountsCheck(
  reader: LedgerReader,
  client: LocalClient,
  job: AuditedJob,
): Promise<AuditCheck> {
  const name = 'GET job says what the ledger says';
  const [before] = await reader.snapshot<Counts>(COUNTS, [job.id]);
  const { status, body } = await client.call('GET', `/bulk/${toCourierId(job.id)}`);
  const [after] = await reader.now<Counts>(COUNTS, [job.id]);
  if (status !== 200)
    return checkOf('api', name, { checked: 1, wrong: [`HTTP ${status}`], detail: `HTTP ${status}` });
  const answer = fieldOf(body, 'job');
  const wrong = (['received', 'enqueued', 'failures'] as const).filter((field) => {
    const said = Number(fieldOf(answer, field));
    return !(said >= (before?.[field] ?? 0) && said <= (after?.[field] ?? 0));
  });
  const said = String(fieldOf(answer, 'status'));
  return checkOf('api', name, {
    checked: 4,
    wrong: [...wrong, ...(mayHaveStatus(job, before, said) ? [] : [`status ${said}`])],
    detail: `${said}, ${['received', 'enqueued', 'failures'].map((field) => `${field} ${String(fieldOf(answer, field))}`).join(', ')}`,
  });
}

/** The design's job status, worked out anew; one that is not at rest may have gone on meanwhile. */
function mayHaveStatus(job: AuditedJob, counts: Counts | undefined, said: string): boolean {
  if (job.phase !== 'settled') return ['CREATED', 'PROCESSING', 'COMPLETED', 'ERROR'].includes(said);
  return said === (job.cancelRequested || counts?.enqueued === 0 ? 'ERROR' : 'COMPLETED');
}

interface LedgerItem extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly recipient_id: string;
  readonly state: string;
  readonly wait_reason: string | null;
  readonly enqueued: boolean;
}

/** The ledger's messages of one page, as they are now. */
const ITEMS = `select m.id::text, m.recipient_id, s.state, s.wait_reason, s.enqueued_at is not null as enqueued
  from messages m join message_states s on s.message_id = m.id
  where m.job_id = $1 and m.ordinal between $2 and $3 order by m.ordinal`;

async function itemsCheck(
  reader: LedgerReader,
  job: AuditedJob,
  pages: AsyncIterable<readonly ListedItem[] | { readonly problem: string }>,
): Promise<AuditCheck> {
  const name = 'every page of its messages says what the ledger says, each once and in order';
  const wrong: string[] = [];
  let listed = 0;
  for await (const page of pages) {
    if ('problem' in page) {
      wrong.push(page.problem);
      break;
    }
    // Read after the answer: the ledger is never behind it.
    const rows = await reader.now<LedgerItem>(ITEMS, [job.id, listed, listed + page.length - 1]);
    page.forEach((item, index) => {
      const row = rows[index];
      if (!row || !item.agreesWith(row, job.phase === 'settled'))
        wrong.push(row?.id ?? `item ${listed + index}`);
    });
    listed += page.length;
  }
  if (listed < job.messages) wrong.push(`${job.messages - listed} not listed`);
  return checkOf('api', name, { checked: listed, wrong, detail: `${listed} items` });
}
