import { encodeCursor } from '../../../api/courier/cursor';
import { writePageToken } from '../../../api/bird/page-token';
import { toCourierId } from '../../../src/domain/ids';
import { type CorpusJob } from './jobs';

export interface Listing {
  readonly door: 'courier' | 'bird';
  readonly name: string;
  /** Path and query of the first page. */
  readonly path: string;
}

/** A message of the corpus, to ask for or to begin a page after. */
export interface Place {
  readonly id: string;
  readonly createdAt: Date;
}

/** Every filter of Courier's `GET /messages`, common values and rare ones, and what it is asked together with. */
export function courierListings(jobs: readonly CorpusJob[], some: Place): readonly Listing[] {
  const [big] = jobs.filter(({ kind }) => kind === 'bulk').toSorted((a, b) => b.size - a.size);
  const job = toCourierId(big?.id ?? '');
  const running = toCourierId(jobs.find(({ phase }) => phase === 'running')?.id ?? '');
  const tenDays = new Date(Date.now() - 10 * 86_400_000).toISOString();
  const queries: Record<string, string> = {
    'no filter': '',
    'archived=true': 'archived=true',
    messageId: `messageId=${toCourierId(some.id)}`,
    recipient: 'recipient=user-123',
    'recipient of many': 'recipient=user-often',
    'recipient, nobody': 'recipient=nobody',
    'traceId, a job': `traceId=${job}`,
    'traceId, a job, rare status': `traceId=${job}&status=UNROUTABLE`,
    'traceId, a job, common status': `traceId=${job}&status=DELIVERED`,
    'traceId, a running job': `traceId=${running}`,
    'traceId of the caller': 'traceId=trace-40',
    event: 'event=event-3',
    'event of a job not run': 'event=event-4',
    'event of an archived job': 'event=event-2',
    'tag of a job not run': 'tag=job-11,vip',
    'tag of an archived job': 'tag=job-9,vip',
    'event, nobody': 'event=none',
    notification: 'notification=template-3',
    'tenant_id, common': 'tenant_id=acme',
    'tenant_id, rare': 'tenant_id=tiny',
    'status, common': 'status=DELIVERED',
    'status, rare': 'status=THROTTLED',
    'status, none': 'status=SIMULATED',
    'status, waiting': 'status=DELAYED',
    'status, many': 'status=SENT,DELIVERED,OPENED,CLICKED,UNDELIVERABLE,FILTERED,CANCELED,ENQUEUED',
    'status, engaged': 'status=CLICKED,OPENED',
    'status, enqueued': 'status=ENQUEUED',
    'provider, common': 'provider=smtp',
    'provider, rare': 'provider=webhook',
    'provider, several': 'provider[]=webhook&provider[]=twilio&provider[]=none',
    'tag, common': 'tag=job-0',
    'tag, rare': 'tag=rare',
    'tags, several': 'tags=vip,rare,none',
    'enqueued_after, lately': `enqueued_after=${new Date(Date.now() - 3_600_000).toISOString()}`,
    'enqueued_after, ten days': `enqueued_after=${tenDays}`,
    'tag and status': 'tag=vip&status=UNDELIVERABLE',
    'provider and status': 'provider=sendgrid&status=UNDELIVERABLE',
    'event and status': 'event=event-3&status=UNDELIVERABLE',
    'recipient and status': 'recipient=user-often&status=CANCELED',
    'tenant and event': 'tenant_id=acme&event=event-3',
    'status and time': `status=DELIVERED&enqueued_after=${tenDays}`,
  };
  return Object.entries(queries).map(([name, query]) => ({
    door: 'courier',
    name,
    path: `/messages?${query}`,
  }));
}

/** Bird's listings, of the channel and of the workspace. */
export function birdListings(
  jobs: readonly CorpusJob[],
  of: { workspace: string; channel: string },
): readonly Listing[] {
  const batch = jobs.find(({ kind }) => kind === 'batch')?.id;
  const prefix = `/workspaces/${of.workspace}`;
  const twoWeeks = [21, 7].map((days) => new Date(Date.now() - days * 86_400_000).toISOString());
  const queries: Record<string, string> = {
    'no filter': '',
    batchId: `batchId=${batch}`,
    'batchId and rare status': `batchId=${batch}&status=rejected`,
    'status, common': 'status=delivered',
    'status, rare': 'status=rejected',
    'status, scheduled': 'status=scheduled',
    'startAt and endAt': `startAt=${twoWeeks[0]}&endAt=${twoWeeks[1]}`,
    'status and dates': `status=sent&startAt=${twoWeeks[0]}&endAt=${twoWeeks[1]}`,
    reverse: 'reverse=true',
  };
  const paths = { channel: `${prefix}/channels/${of.channel}/messages`, workspace: `${prefix}/messages` };
  return Object.entries(paths).flatMap(([scope, path]) =>
    Object.entries(queries).map(([name, query]): Listing => ({
      ...{ door: 'bird', name: `${scope}: ${name}` },
      path: `${path}?limit=100&${query}`,
    })),
  );
}

/** The same listing, from after a message that lies anywhere in the corpus. */
export function deepPage({ door, path }: Listing, place: Place): string {
  const cursor =
    door === 'courier'
      ? `cursor=${encodeCursor('messages', [place.id])}`
      : `pageToken=${writePageToken(place)}`;
  return `${path}&${cursor}`;
}
