import { toCourierId } from '../domain/ids';
import { fieldOf, type LocalClient } from '../runtime/local-client';
import { type AuditedJob } from './audited-job';

/** What the ledger says of a message that was listed; `enqueued`: it was ever placed on the pipeline. */
export interface Standing {
  readonly id: string;
  readonly recipient_id: string;
  readonly state: string;
  readonly wait_reason: string | null;
  readonly enqueued: boolean;
}

/** One message as an API listed it. `atRest`: nothing moves any more, so that it has to agree exactly. */
export interface ListedItem {
  agreesWith(row: Standing, atRest: boolean): boolean;
}

type Page = readonly ListedItem[] | { readonly problem: string };

/** A page more than any job can have ends a listing that would go round in circles. */
const MAX_PAGES = 1_000_000;

/** Every page of `GET /bulk/{jobId}/users`, in the order of ingestion. */
export async function* courierPages(client: LocalClient, job: AuditedJob): AsyncGenerator<Page> {
  let cursor = '';
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const query = cursor === '' ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await client.call('GET', `/bulk/${toCourierId(job.id)}/users${query}`);
    const items = fieldOf(body, 'items');
    if (status !== 200 || !Array.isArray(items)) {
      yield { problem: `HTTP ${status}` };
      return;
    }
    yield items.map(courierItem);
    const next = fieldOf(fieldOf(body, 'paging'), 'cursor');
    if (typeof next !== 'string' || items.length === 0) return;
    cursor = next;
  }
}

function courierItem(item: unknown): ListedItem {
  const [status, messageId, recipient] = ['status', 'messageId', 'recipient'].map((name) =>
    fieldOf(item, name),
  );
  return {
    agreesWith(row, atRest) {
      if (recipient !== row.recipient_id) return false;
      // Listed before it left `pending`, or still there.
      if (status === 'PENDING') return messageId === undefined && (row.state === 'pending' || !atRest);
      return (
        messageId === toCourierId(row.id) &&
        row.state !== 'pending' &&
        status === (row.enqueued ? 'ENQUEUED' : 'ERROR')
      );
    },
  };
}

/** The batch as Bird's door lists it, turned round to the order of the request. A batch has 100 messages at most. */
export async function* birdPages(client: LocalClient, job: AuditedJob): AsyncGenerator<Page> {
  const results: unknown[] = [];
  let token = '';
  do {
    const query = `batchId=${job.id}&limit=100${token === '' ? '' : `&pageToken=${encodeURIComponent(token)}`}`;
    const { status, body } = await client.call('GET', `/workspaces/${job.workspaceId}/messages?${query}`);
    const page = fieldOf(body, 'results');
    if (status !== 200 || !Array.isArray(page)) {
      yield { problem: `HTTP ${status}` };
      return;
    }
    results.push(...(page as unknown[]));
    const next = fieldOf(body, 'nextPageToken');
    token = typeof next === 'string' && page.length > 0 ? next : '';
  } while (token !== '');
  yield results.reverse().map(birdItem);
}

/** Bird's word for each state at rest (design, "How states look from outside"). */
const BIRD_WORDS: Readonly<Record<string, string>> = {
  sent: 'sent',
  delivered: 'delivered',
  undelivered: 'delivery_failed',
  failed: 'sending_failed',
  uncertain: 'sending_failed',
  rejected: 'rejected',
  skipped: 'skipped',
  canceled: 'deleted',
};
const BIRD_WORDS_UNDER_WAY: readonly unknown[] = ['accepted', 'scheduled', 'processing'];

function birdItem(item: unknown): ListedItem {
  const [id, status] = ['id', 'status'].map((name) => fieldOf(item, name));
  return {
    agreesWith(row, atRest) {
      if (id !== row.id) return false;
      const word = BIRD_WORDS[row.state];
      if (word === undefined) return BIRD_WORDS_UNDER_WAY.includes(status);
      return status === word || (!atRest && BIRD_WORDS_UNDER_WAY.includes(status));
    },
  };
}
